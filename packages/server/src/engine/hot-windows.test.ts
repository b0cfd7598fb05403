import { expect, test } from 'bun:test'
import { HotWindows } from './hot-windows.ts'
import { Ring } from './ring.ts'

const roomOf = (top = 0) => ({ hot: new Ring(top) })
const entry = (offset: number, weight: number) => ({
  event: { id: 'e', type: 'n', tenantId: 't', room: 'r', data: null, timestamp: '', offset },
  at: 0,
  bytes: 0,
  weight,
})

test('a window holds so many events, and its top goes on rising', () => {
  const windows = new HotWindows({ eventsPerRoom: 4, bytes: 1_000 })
  const room = roomOf()
  for (let offset = 1; offset <= 10; offset++) windows.append(room, entry(offset, 10))
  expect({ first: room.hot.first, top: room.hot.top, bytes: windows.bytes }).toEqual({ first: 7, top: 10, bytes: 40 })
})

test('all windows together hold so many bytes; the quietest room gives way', () => {
  const windows = new HotWindows({ eventsPerRoom: 100, bytes: 100 })
  const [quiet, busy] = [roomOf(), roomOf()]
  for (let offset = 1; offset <= 5; offset++) windows.append(quiet, entry(offset, 10))
  for (let offset = 1; offset <= 6; offset++) windows.append(busy, entry(offset, 10))
  expect(quiet.hot).toMatchObject({ length: 0, top: 5 })
  expect(busy.hot.length).toBe(6)
  expect(windows.bytes).toBe(60)
})

test('an event larger than all windows may be is not held, and is counted', () => {
  const windows = new HotWindows({ eventsPerRoom: 100, bytes: 100 })
  const room = roomOf()
  windows.append(room, entry(1, 500))
  expect(room.hot).toMatchObject({ length: 0, top: 1 })
  expect(windows.bytes).toBe(0)
})

test('a window is extended downwards, and gives up its oldest when that is too many', () => {
  const windows = new HotWindows({ eventsPerRoom: 4, bytes: 1_000 })
  const room = roomOf(7)
  windows.append(room, entry(8, 10))
  windows.extend(room, [entry(6, 20), entry(7, 20)])
  expect({ first: room.hot.first, top: room.hot.top, bytes: windows.bytes }).toEqual({ first: 6, top: 8, bytes: 50 })
  expect(room.hot.at(6)?.event.offset).toBe(6)
  windows.extend(room, [entry(3, 20), entry(4, 20), entry(5, 20)])
  expect({ first: room.hot.first, bytes: windows.bytes }).toEqual({ first: 5, bytes: 70 })
  windows.append(room, entry(9, 10))
  expect([6, 7, 8, 9].map((offset) => room.hot.at(offset)?.event.offset)).toEqual([6, 7, 8, 9])
  expect(windows.bytes).toBe(60)
})
