/** whatever stands in a message, decoding gives what was said or nothing, and never throws. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { roomKey } from '../../model/room-key.ts'
import { decodeEnvelope } from './envelope.ts'

const room = roomKey('clinic', 'ward:1')
const draft = {
  id: 'e1',
  type: 'note',
  tenantId: 'clinic',
  room: 'ward:1',
  data: { text: 'ä 🏥' },
  timestamp: '2026-01-01T00:00:00.000Z',
}
const say = (changes: object, head = '1 e Zk3q9XbT1 7') => `${head} ${JSON.stringify({ ...draft, ...changes })}`

test('what was said is read', () => {
  expect(decodeEnvelope(room, say({}))).toEqual({ kind: 'event', epoch: 'Zk3q9XbT1', event: { ...draft, offset: 7 } })
  const userId = 'ann'
  expect(decodeEnvelope(room, say({ userId, data: null }))).toMatchObject({ event: { userId, data: null } })
  expect(decodeEnvelope(room, '1 f Zk3q9XbT1')).toEqual({ kind: 'forgotten', epoch: 'Zk3q9XbT1' })
  expect(decodeEnvelope(room, '1 p join 1 {}')).toEqual({ kind: 'presence', message: 'join 1 {}' })
})

test.each([
  ['another version', say({}, '2 e Zk3q9XbT1 7')],
  ['another kind', say({}, '1 x Zk3q9XbT1 7')],
  ['no epoch', say({}, '1 e  7')],
  ['an offset below 1', say({}, '1 e Zk3q9XbT1 0')],
  ['an offset that is no number', say({}, '1 e Zk3q9XbT1 seven')],
  ['an offset beyond what can be counted', say({}, '1 e Zk3q9XbT1 99999999999999999')],
  ['another room', say({ room: 'ward:2' })],
  ['another tenant', say({ tenantId: 'other' })],
  ['no data', say({ data: undefined })],
  ['a user that is no name', say({ userId: 5 })],
  ['an id that is no name', say({ id: {} })],
  ['half a message', say({}).slice(0, -5)],
  ['no object', '1 e Zk3q9XbT1 7 null'],
  ['a forgotten room without an epoch', '1 f '],
  ['a forgotten room with two', '1 f a b'],
  ['an epoch without end', `1 f ${'a'.repeat(1_000)}`],
])('%s is nothing', (_, message) => {
  expect(decodeEnvelope(room, message)).toBeUndefined()
})

test('no text makes it throw', () => {
  const head = fc.constantFrom('', '1', '1 ', '1 e ', '1 f ', '1 p ', '1 e Zk3q9XbT1 ', '1 e Zk3q9XbT1 7 ')
  const rest = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('['.repeat(100_000)))
  fc.assert(
    fc.property(head, rest, (before, after) => {
      const decoded = decodeEnvelope(room, before + after)
      expect(decoded === undefined || ['event', 'forgotten', 'presence'].includes(decoded.kind)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})
