import { expect, test } from 'bun:test'
import { silentLog } from '../../lib/log.ts'
import { roomKey } from '../../model/room-key.ts'
import { Delivery } from '../delivery.ts'
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

const large = { ...draft, data: 'x'.repeat(1_000) }

test('events of all rooms together stay within their bytes; the rooms used the longest ago are trimmed', () => {
  const { log, room } = make({ bytes: 25_000 })
  const put = (name: string) => log.publish(room(name), large, { key: undefined, now: 0 })
  const read = (name: string) => log.read(room(name), { after: 'earliest', limit: 99 }, 0)
  const offsetsIn = (name: string) => {
    const slice = read(name)
    return slice.ok ? slice.events.map(({ offset }) => offset) : []
  }
  const { epoch } = put('old')
  for (let count = 1; count < 5; count++) put('old')
  for (let count = 0; count < 5; count++) put('read')
  for (let count = 0; count < 8; count++) put(`room${count % 2}`)
  read('read')
  expect(log.bytes).toBeWithin(23_000, 25_001)
  // Who was at the second event is told that the third is gone; who was further on goes on without a hole (I5).
  const kept = offsetsIn('old')
  expect(kept).toEqual([1, 2, 3, 4, 5].slice(-kept.length))
  expect(kept.length).toBeWithin(0, 5)
  const before = { epoch, offset: 5 - kept.length - 1 }
  expect(log.read(room('old'), { after: before, limit: 9 }, 0)).toMatchObject({ ok: false, reason: 'trimmed' })
  expect(offsetsIn('read')).toEqual([1, 2, 3, 4, 5])
})

test('an event that alone is more than all may take is delivered and not kept', () => {
  const { log, room } = make({ bytes: 500 })
  const { epoch } = log.publish(room('a'), large, { key: undefined, now: 0 })
  expect(log.bytes).toBe(0)
  const start = { epoch, offset: 0 }
  expect(log.read(room('a'), { after: start, limit: 9 }, 0)).toMatchObject({ ok: false, reason: 'trimmed' })
})

test('bytes come back with events that age, are erased, or leave with their room', () => {
  const { log, room } = make({ rooms: 2 })
  for (const name of ['a', 'b']) log.publish(room(name), large, { key: undefined, now: 0 })
  log.forget(room('a'), 0)
  log.publish(room('c'), large, { key: undefined, now: 500 })
  log.publish(room('d'), large, { key: undefined, now: 500 })
  expect(log.size).toBe(2)
  expect(log.bytes).toBeWithin(2_000, 4_000)
  log.sweep(1_500)
  expect(log.bytes).toBe(0)
})

test('of too many rooms the one used the longest ago leaves its position, and never one with a listener', () => {
  const { delivery, log, publish, room, top } = make({ rooms: 3 })
  delivery.listen(room('heard').key)
  const heard = publish('heard', 0)
  const quiet = publish('quiet', 0, 'k')
  for (let count = 0; count < 20; count++) publish(`room${count}`, 0)
  expect(log.size).toBe(3)
  expect(top('heard', 0)).toEqual({ epoch: heard.epoch, offset: 1 })
  const start = { epoch: heard.epoch, offset: 0 }
  expect(log.read(room('heard'), { after: start, limit: 9 }, 0)).toMatchObject({ ok: true, events: [{ offset: 1 }] })
  // Its events and its keys went with it; its epoch did not.
  expect(log.read(room('quiet'), { after: { epoch: quiet.epoch, offset: 0 }, limit: 9 }, 0)).toMatchObject({
    ok: false,
    reason: 'trimmed',
    top: { epoch: quiet.epoch, offset: 1 },
  })
  expect(publish('quiet', 0, 'k')).toMatchObject({ duplicate: false, offset: 2 })
})

test('rooms that are listened to are never too many', () => {
  const { delivery, log, publish, room } = make({ rooms: 3 })
  for (let count = 0; count < 50; count++) delivery.listen(room(`room${count}`).key)
  for (let round = 1; round <= 2; round++) {
    for (let count = 0; count < 50; count++) expect(publish(`room${count}`, 0).offset).toBe(round)
  }
  expect(log.size).toBe(50)
})
