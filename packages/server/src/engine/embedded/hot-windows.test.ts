import { expect, test } from 'bun:test'
import { roomKey } from '../../model/room-key.ts'
import { newRoom } from './durable-room.ts'
import { HotWindows } from './hot-windows.ts'

const policy = { keep: 1_000, forMs: 1_000, durable: true }
const roomOf = (id: number) => newRoom(roomKey('t', `room${id}`), id, { epoch: 'e', top: 0, lowest: 1, policy })
const entry = (offset: number, weight: number) => ({
  event: { id: 'e', type: 'n', tenantId: 't', room: 'r', data: null, timestamp: '', offset },
  at: 0,
  bytes: 0,
  weight,
})

test('a window holds so many events, and its top goes on rising', () => {
  const windows = new HotWindows({ eventsPerRoom: 4, bytes: 1_000 })
  const room = roomOf(1)
  for (let offset = 1; offset <= 10; offset++) windows.append(room, entry(offset, 10))
  expect({ first: room.hot.first, top: room.hot.top, bytes: windows.bytes }).toEqual({ first: 7, top: 10, bytes: 40 })
})

test('all windows together hold so many bytes; the quietest room gives way', () => {
  const windows = new HotWindows({ eventsPerRoom: 100, bytes: 100 })
  const [quiet, busy] = [roomOf(1), roomOf(2)]
  for (let offset = 1; offset <= 5; offset++) windows.append(quiet, entry(offset, 10))
  for (let offset = 1; offset <= 6; offset++) windows.append(busy, entry(offset, 10))
  expect(quiet.hot).toMatchObject({ length: 0, top: 5 })
  expect(busy.hot.length).toBe(6)
  expect(windows.bytes).toBe(60)
})

test('an event larger than all windows may be is not held, and is counted', () => {
  const windows = new HotWindows({ eventsPerRoom: 100, bytes: 100 })
  const room = roomOf(1)
  windows.append(room, entry(1, 500))
  expect(room.hot).toMatchObject({ length: 0, top: 1 })
  expect(windows.bytes).toBe(0)
})
