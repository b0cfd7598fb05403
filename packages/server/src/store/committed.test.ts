import { expect, test } from 'bun:test'
import { Committed } from './committed.ts'
import type { CommittedEvents, JournalEvent } from './store.ts'

const event = (room: string, offset: number): JournalEvent => ({
  id: `${room} ${offset}`,
  type: 'noted',
  tenantId: 'clinic',
  room,
  offset,
  epoch: 'e',
  data: null,
  timestamp: '2026-01-01T00:00:00.000Z',
})

const listening = () => {
  const errors: unknown[] = []
  const committed = new Committed((error) => errors.push(error))
  const told: string[] = []
  committed.listen(({ events, redacted }: CommittedEvents) => {
    told.push(...events.map(({ id }) => id), ...(redacted ?? []).map((room) => `redacted ${room}`))
  })
  return { committed, told, errors }
}

test('an answer that overtakes another does not turn the order of a room', () => {
  const { committed, told } = listening()
  const first = committed.begin('clinic')
  const second = committed.begin('clinic')
  first.add([event('ward', 1)])
  second.add([event('ward', 2)])
  second.committed()
  expect(told).toEqual([])
  first.committed()
  expect(told).toEqual(['ward 1', 'ward 2'])
})

test('changes of several rooms wait for each of them, and for nothing else', () => {
  const { committed, told } = listening()
  const [a, b, c, d] = Array.from({ length: 4 }, () => committed.begin('clinic'))
  a!.add([event('ward', 1)])
  b!.add([event('ward', 2), event('desk', 1)])
  c!.add([event('desk', 2)])
  d!.add([event('roof', 1)])
  c!.committed()
  b!.committed()
  d!.committed()
  expect(told).toEqual(['roof 1'])
  a!.committed()
  expect(told).toEqual(['roof 1', 'ward 1', 'ward 2', 'desk 1', 'desk 2'])
})

test('what was rolled back is not told, and holds nobody up', () => {
  const { committed, told } = listening()
  const first = committed.begin('clinic')
  const second = committed.begin('clinic')
  first.add([event('ward', 1)])
  second.add([event('ward', 1)])
  second.committed()
  first.dropped()
  first.committed()
  expect(told).toEqual(['ward 1'])
})

test('rooms of the same name in other tenants are other rooms', () => {
  const { committed, told } = listening()
  committed.begin('clinic').add([event('ward', 1)])
  const other = committed.begin('harbour')
  other.add([event('ward', 1)])
  other.committed()
  expect(told).toEqual(['ward 1'])
})

test('a listener that throws keeps nobody else from hearing, and what was redacted is told too', () => {
  const { committed, told, errors } = listening()
  committed.listen(() => {
    throw new Error('mine')
  })
  const change = committed.begin('clinic')
  change.redacted('ward')
  change.committed()
  committed.begin('clinic').committed()
  expect(told).toEqual(['redacted ward'])
  expect(errors).toHaveLength(1)
})
