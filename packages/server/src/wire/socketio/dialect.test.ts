import { expect, test } from 'bun:test'
import { encodeCursor } from '../cursor.ts'
import { emittedType, socketIoDialect } from './dialect.ts'
import { unpackFrames } from './frames.ts'
import { encodeEvent } from './packets.ts'

const event = {
  id: 'e1',
  type: 'note.added',
  tenantId: 'acme',
  room: 'ward:1',
  offset: 4,
  data: { text: 'hi' },
  timestamp: '2026-01-01T00:00:00.000Z',
}
const events = new Map([['note.added', 'new note']])
const plain = socketIoDialect({ namespace: '/', events, recovery: false })
const recovering = socketIoDialect({ namespace: '/n', events, recovery: true })
const places = [{ name: 'ward:1', epoch: 'E', offset: 4 }]

test('an event has the clients’ name and its data, and is the same for all of a namespace', () => {
  expect(plain.encodeEvent(event)).toBe('42["new note",{"text":"hi"}]')
  expect(plain.stamp).toBeUndefined()
  expect(recovering.encodeEvent(event)).toBe('42/n,["new note",{"text":"hi"}]')
})

test('with recovery the position is the last argument, after binary too', () => {
  const cursor = encodeCursor(places)
  expect(recovering.stamp?.(recovering.encodeEvent(event), places)).toBe(`42/n,["new note",{"text":"hi"},"${cursor}"]`)
  const frame = encodeEvent({ namespace: '/n', args: ['x', Buffer.of(1, 2)] })
  expect(unpackFrames([recovering.stamp?.(frame, places) ?? ''])).toEqual([
    `451-/n,["x",{"_placeholder":true,"num":0},"${cursor}"]`,
    Uint8Array.of(1, 2),
  ])
})

test('what was emitted to a session is in its room as it was said', () => {
  expect(plain.encodeEvent({ ...event, type: emittedType, data: '42["x"]' })).toBe('42["x"]')
})

test('what the server itself has to say is an event; what is for other dialects is not', () => {
  const error = { type: 'error', code: 'forbidden', message: 'No.', retry: 'never', room: 'ward:1' } as const
  expect(plain.encode(error)).toBe(
    '42["fanfare:error",{"code":"forbidden","message":"No.","retry":"never","room":"ward:1"}]',
  )
  expect(plain.encode({ type: 'reconnect', afterMs: 5, reason: 'shutting_down' })).toBe(
    '42["fanfare:reconnect",{"afterMs":5,"reason":"shutting_down"}]',
  )
  expect(plain.encode({ type: 'reply', id: 1, result: null })).toBeUndefined()
  expect(plain.encode({ type: 'subscription', room: 'a', status: 'unsubscribed', reason: 'asked' })).toBeUndefined()
  const gap = { type: 'gap', room: '__session:secret', reason: 'trimmed', from: places[0]!, to: places[0]! } as const
  expect(plain.encode(gap)).not.toContain('secret')
})
