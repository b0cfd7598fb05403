import { expect, test } from 'bun:test'
import { silentLog } from '../../lib/log.ts'
import { roomKey } from '../../model/room-key.ts'
import { Delivery } from './delivery.ts'
import { MemoryLog, type MemoryLogOptions } from './memory-log.ts'

const draft = { id: 'e', type: 'n', tenantId: 't', room: 'r', data: null, timestamp: '' }
const idempotencyMs = 5_000

const make = (changes: Partial<MemoryLogOptions> = {}) => {
  const delivery = new Delivery(silentLog)
  const bounds = { bytes: 1_000_000, rooms: 1_000, keys: { perRoom: 100, inAll: 1_000 } }
  const log = new MemoryLog({ delivery, idempotencyMs, ...bounds, keptPositions: 100, keptForMs: 100_000, ...changes })
  const room = (name: string) => ({ key: roomKey('t', name), log: { keep: 10, forMs: 1_000, durable: false } })
  const publish = (name: string, now: number, key?: string) => log.publish(room(name), draft, { key, now })
  const top = (name: string, now: number) => log.read(room(name), { after: 'latest', limit: 1 }, now).top
  return { delivery, log, room, publish, top }
}

test('a room leaves memory once its events have aged, and its position stays for a day', () => {
  const { log, publish, top } = make()
  const { epoch } = publish('a', 0)
  log.sweep(999)
  expect(log.size).toBe(1)
  log.sweep(1_000)
  expect(log.size).toBe(0)
  expect(top('a', 100_999)).toEqual({ epoch, offset: 1 })
})

test('a position that is too old is forgotten, and the room has a new epoch', () => {
  const { log, publish, top } = make()
  const { epoch } = publish('a', 0)
  log.sweep(1_000)
  const later = top('a', 101_000)
  expect(later.offset).toBe(0)
  expect(later.epoch).not.toBe(epoch)
})

test('of too many quiet rooms the quietest begin again, never with their old epoch', () => {
  const { log, publish, top } = make({ keptPositions: 10 })
  const epochs = Array.from({ length: 30 }, (_, index) => publish(`room${index}`, index).epoch)
  log.sweep(5_000)
  expect(log.size).toBe(0)
  const kept = epochs.filter((epoch, index) => top(`room${index}`, 5_000).epoch === epoch)
  expect(kept).toEqual(epochs.slice(-10))
})

test('a room with a listener, or with a key that counts, stays', () => {
  const { delivery, log, room, publish } = make()
  delivery.listen(room('heard').key)
  publish('heard', 0)
  publish('keyed', 0, 'k')
  publish('quiet', 0)
  log.sweep(2_000)
  expect(log.size).toBe(2)
  expect(publish('keyed', idempotencyMs - 1, 'k').duplicate).toBe(true)
  delivery.unlisten(room('heard').key)
  log.sweep(idempotencyMs + 2_000)
  expect(log.size).toBe(0)
})
