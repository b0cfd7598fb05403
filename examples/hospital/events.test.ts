import { expect, test } from 'bun:test'
import type { RoomEvent } from '@fanfare/protocol'
import { hospitalEvent, publishEvent, recentEvents, userIdOf } from './events.ts'

const stored = (data: RoomEvent['data'], offset = 1): RoomEvent => ({
  id: `e${offset}`,
  type: 'user.login',
  tenantId: 'north',
  room: 'events',
  offset,
  userId: 'somebody-else',
  data,
  timestamp: '2026-01-01T00:00:00.000Z',
})

test.each([
  ['7', 7],
  ['0', 0],
  ['007', '007'],
  ['ann', 'ann'],
  ['12345678901234567890', '12345678901234567890'],
])('user id %j is %j', (text, id) => {
  expect(userIdOf(text)).toBe(id)
})

test('an event has the members that the hospital’s clients know, and no userId where there is none', () => {
  expect(hospitalEvent(stored({ userId: 7, data: { name: 'Ada' } }))).toEqual({
    type: 'user.login',
    tenantId: 'north',
    userId: 7,
    data: { name: 'Ada' },
    timestamp: '2026-01-01T00:00:00.000Z',
  })
  expect(hospitalEvent(stored({ data: null }))).not.toHaveProperty('userId')
})

test('publishing keeps whom the event is about beside its data', async () => {
  const published: unknown[] = []
  const publish = async (...given: unknown[]) => {
    published.push(given)
    throw new Error('the log is elsewhere')
  }
  const context = { publish }
  const event = { type: 'user.login', userId: '7', data: { name: 'Ada' } } as const
  expect(publishEvent(context, event)).rejects.toThrow('elsewhere')
  expect(published).toEqual([['events', 'user.login', { userId: 7, data: { name: 'Ada' } }]])
})

test('recent events come newest first', async () => {
  const events = [1, 2, 3].map((offset) => stored({ data: offset }, offset))
  const context = { history: async (room: string) => ({ room, epoch: 'e', events }) }
  expect((await recentEvents(context, 3)).map((event) => event.data)).toEqual([3, 2, 1])
})
