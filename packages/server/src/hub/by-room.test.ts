import { expect, test } from 'bun:test'
import { type RoomKey, roomKey } from '../model/room-key.ts'
import { ByRoom } from './by-room.ts'

const key = (name: string): RoomKey => roomKey('clinic', name)
const item = (name: string, note = '') => ({ room: { key: key(name) }, note })

test('an item is found by its room, replaced by a later one of the same room, and gone when deleted', () => {
  const items = new ByRoom<ReturnType<typeof item>>()
  expect([items.size, items.has(key('a')), [...items.values()]]).toEqual([0, false, []])
  items.put(item('a', 'first'))
  items.put(item('b'))
  items.put(item('a', 'second'))
  expect(items.size).toBe(2)
  expect(items.get(key('a'))?.note).toBe('second')
  expect([...items.values()].map(({ room }) => room.key)).toEqual([key('a'), key('b')])
  items.delete(key('a'))
  items.delete(key('unknown'))
  expect([items.size, items.has(key('a')), items.has(key('b'))]).toEqual([1, false, true])
  items.delete(key('b'))
  expect(items.size).toBe(0)
})
