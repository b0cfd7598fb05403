import { expect, test } from 'bun:test'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { noMetrics } from '../../lib/metrics.ts'
import { dataOf, EngineWorld, offsets, upTo } from '../engine.world.ts'
import { type EmbeddedHost, embeddedHost, embeddedHostWith } from './embedded.world.ts'

const openWorld = async () => {
  const hosts: EmbeddedHost[] = []
  const world = await EngineWorld.open(async () => {
    const host = await embeddedHost()
    hosts.push(host)
    return host
  })
  return { world, path: () => hosts[0]!.path() }
}

const openDatabase = (path: string) => new DatabaseSync(join(path, 'rooms.sqlite'))
const countRows = (path: string): number => {
  const database = openDatabase(path)
  const { rows } = database.prepare('SELECT count(*) AS rows FROM event').get() as { rows: number }
  database.close()
  return rows
}

test('an older copy of the database gives every room a new epoch', async () => {
  const { world, path } = await openWorld()
  await using _world = world
  const [written, empty] = [world.room('a', { durable: true }), world.room('empty', { durable: true })]
  await world.publishMany(written, 3)
  const before = [await world.top(written), await world.top(empty)]
  await world.stop()
  const copy = `${path()}-copy`
  cpSync(path(), copy, { recursive: true })
  await world.restart()
  await world.publish(written, 'lost by the restore')
  await world.stop()
  for (const name of readdirSync(path())) if (name.startsWith('rooms.sqlite')) rmSync(join(path(), name))
  cpSync(join(copy, 'rooms.sqlite'), join(path(), 'rooms.sqlite'))
  rmSync(copy, { recursive: true })
  await world.restart()
  const after = [await world.top(written), await world.top(empty)]
  expect(after[0]!.offset).toBe(3)
  expect(after[0]!.epoch).not.toBe(before[0]!.epoch)
  expect(after[1]!.epoch).not.toBe(before[1]!.epoch)
  expect(await world.engine.log.read(written, { after: before[0]!, limit: 1 })).toMatchObject({ reason: 'epoch' })
  await world.restart()
  expect(await world.top(written)).toEqual(after[0]!)
})

test('a lost database begins new epochs, and a lost counter does not', async () => {
  const { world, path } = await openWorld()
  await using _world = world
  const room = world.room('a', { durable: true })
  const before = await world.publishMany(room, 3)
  await world.stop()
  rmSync(join(path(), 'rooms.counter'))
  await world.restart()
  expect(await world.top(room)).toEqual(before)
  await world.publish(room, 4)
  await world.stop()
  rmSync(join(path(), 'rooms.sqlite'))
  await world.restart()
  const { epoch, offset } = await world.top(room)
  expect(offset).toBe(0)
  expect(epoch).not.toBe(before.epoch)
})

test('what a policy does not keep leaves the disk: by count while it is used, by age though nobody asks', async () => {
  const { world, path } = await openWorld()
  await using _world = world
  const busy = world.room('busy', { durable: true, keep: 100 })
  await Promise.all(upTo(5_000).map((number) => world.publish(busy, number)))
  expect(countRows(path())).toBeLessThan(5_000)
  await world.host.clock.advance(10_000)
  expect(countRows(path())).toBe(100)
  const aging = world.room('aging', { durable: true, forMs: 60_000 })
  await world.publishMany(aging, 20)
  await world.restart()
  await world.host.clock.advance(70_000)
  expect(countRows(path())).toBe(100)
  expect(offsets((await world.read(busy, { after: 'earliest', limit: 999 })).events)).toEqual(upTo(5_000, 4_901))
})

test('a log longer than memory holds is read whole, from disk and memory alike', async () => {
  const { world } = await openWorld()
  await using _world = world
  const room = world.room('a', { durable: true })
  await Promise.all(upTo(500).map((number) => world.publish(room, number)))
  const { epoch } = await world.top(room)
  for (const offset of [0, 371, 372, 373, 499]) {
    const { events } = await world.read(room, { after: { epoch, offset }, limit: 999 })
    expect(offsets(events)).toEqual(upTo(500, offset + 1))
  }
  expect(offsets((await world.read(room, { before: 'latest', limit: 200 })).events)).toEqual(upTo(500, 301))
})

test('a hole in the log on disk is an error, never a page', async () => {
  const { world, path } = await openWorld()
  await using _world = world
  const room = world.room('a', { durable: true })
  await world.publishMany(room, 10)
  await world.stop()
  const database = openDatabase(path())
  database.exec('DELETE FROM event WHERE offset IN (5, 10)')
  database.close()
  await world.restart()
  const { epoch } = await world.top(room)
  await expect(world.engine.log.read(room, { after: 'earliest', limit: 6 })).rejects.toMatchObject({ code: 'internal' })
  await expect(world.engine.log.read(room, { after: 'earliest', limit: 99 })).rejects.toMatchObject({
    code: 'internal',
  })
  await expect(world.engine.log.read(room, { after: { epoch, offset: 8 }, limit: 9 })).rejects.toMatchObject({
    code: 'internal',
  })
})

test('rooms that nobody uses leave memory and come back from disk', async () => {
  const { world } = await openWorld()
  await using _world = world
  const room = world.room('a', { durable: true, forMs: Number.POSITIVE_INFINITY })
  const top = await world.publishMany(room, 3)
  await world.host.clock.advance(10 * 60_000)
  expect(await world.top(room)).toEqual(top)
  expect(offsets((await world.read(room, { after: 'earliest', limit: 9 })).events)).toEqual([1, 2, 3])
  expect((await world.publish(room, 4)).offset).toBe(4)
})

test('of too many rooms some leave memory, and are answered from disk as before', async () => {
  const hosts: EmbeddedHost[] = []
  await using world = await EngineWorld.open(async () => {
    hosts.push(await embeddedHostWith({ durableRooms: 3 }))
    return hosts[0]!
  })
  const rooms = upTo(20).map((number) => world.room(`room${number}`, { durable: true }))
  await world.engine.log.listen(rooms[0]!)
  for (const round of [1, 2]) {
    for (const room of rooms)
      expect(await world.publish(room, round, { key: `k${round}` })).toMatchObject({ offset: round })
    const again = await Promise.all(rooms.map((room) => world.publish(room, 'again', { key: 'k1' })))
    expect(again.every(({ duplicate, offset }) => duplicate && offset === 1)).toBe(true)
  }
  expect(offsets(world.heardIn(rooms[0]!))).toEqual([1, 2])
  for (const room of rooms)
    expect(dataOf((await world.read(room, { after: 'earliest', limit: 9 })).events)).toEqual([1, 2])
})

test('keys that count no more leave the disk as fast as new ones come', async () => {
  // No sweep helps.
  const host = await embeddedHostWith({ sweepMs: 24 * 60 * 60_000 })
  await using world = await EngineWorld.open(async () => host)
  const room = world.room('a', { durable: true })
  const burst = (name: string) =>
    Promise.all(upTo(2_000).map((number) => world.publish(room, number, { key: `${name}/${number}` })))
  await burst('first')
  await world.host.clock.advance(5 * 60_000)
  await burst('second')
  await world.stop()
  const database = openDatabase(host.path())
  expect(database.prepare('SELECT count(*) AS keys FROM idempotency').get()).toEqual({ keys: 2_000 })
  database.close()
})

test('of a crowd that comes back to a room after a restart, one reads the disk', async () => {
  const reads: string[] = []
  const metrics = { ...noMetrics, add: (name: string) => reads.push(name) }
  await using world = await EngineWorld.open(() => embeddedHostWith({ metrics }))
  const room = world.room('a', { durable: true })
  const { epoch } = await world.publishMany(room, 60)
  await world.restart()
  await world.engine.log.listen(room)
  await world.publish(room, 61)
  for (const offset of [10, 50, 30, 10, 59, 61]) {
    const slice = await world.read(room, { after: { epoch, offset }, limit: 100 })
    expect(offsets(slice.events)).toEqual(upTo(61, offset + 1))
  }
  expect(reads).toEqual(['fanfare_log_reads_total'])
  const newest = await world.read(room, { before: 'latest', limit: 20 })
  expect(offsets(newest.events)).toEqual(upTo(61, 42))
  expect(reads).toHaveLength(1)
  expect(offsets((await world.read(room, { after: 'earliest', limit: 100 })).events)).toEqual(upTo(61))
  await world.restart()
  for (const limit of [20, 5]) {
    expect(offsets((await world.read(room, { before: 'latest', limit })).events)).toEqual(upTo(61, 62 - limit))
  }
  expect(reads).toHaveLength(3)
})
