import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { FanfareError } from '@fanfare/protocol'
import { fakeClock } from '../../lib/fake-clock.ts'
import type { LogRoom } from '../../model/room.ts'
import { openDataFolder } from '../../store/data-folder.ts'
import { dataOf, EngineWorld, offsets, upTo } from '../engine.world.ts'
import type { EngineDisk } from './disk.ts'
import { createEmbeddedEngine } from './embedded.ts'

const faults = {
  'full disk': { begin: 'PRAGMA max_page_count = 1', end: 'PRAGMA max_page_count = 1073741823' },
  'read-only disk': { begin: 'PRAGMA query_only = ON', end: 'PRAGMA query_only = OFF' },
} as const
type Fault = keyof typeof faults

/** A world whose disk can be made to fail, and to work again. */
const openWorld = async () => {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-disk-'))
  const folder = await openDataFolder(path)
  const databases = new Set<DatabaseSync>()
  const disk: EngineDisk = {
    path,
    counter: (name) => folder.counter(name),
    database(name, options) {
      const database = folder.database(name, options)
      databases.add(database)
      return database
    },
  }
  const clock = fakeClock()
  const host = {
    clock,
    durable: true,
    leaseMs: 30_000,
    next: async () => createEmbeddedEngine({ clock, disk }),
    async close() {
      folder.close()
      rmSync(path, { recursive: true })
    },
  }
  return {
    path,
    world: await EngineWorld.open(async () => host),
    begin: (fault: Fault) => {
      for (const database of databases) database.exec(faults[fault].begin)
    },
    end: (fault: Fault) => {
      for (const database of databases) database.exec(faults[fault].end)
    },
  }
}

/** One after another, until told to stop: what was acknowledged, and the codes with which the rest was refused. */
const publisher = (world: EngineWorld, room: LogRoom, name: string) => {
  const acknowledged: { readonly offset: number; readonly key: string }[] = []
  const refusals = new Set<string>()
  let stopping = false
  const run = async () => {
    for (let number = 0; !stopping; number++) {
      const key = `${name}/${number}`
      try {
        const { offset, duplicate } = await world.publish(room, 'x'.repeat(2_000), { key })
        if (duplicate) throw new Error(`${key} was taken for a repeat`)
        acknowledged.push({ offset, key })
      } catch (error) {
        refusals.add((error as FanfareError).code)
      }
    }
  }
  const running = run()
  const stop = () => {
    stopping = true
    return running
  }
  return { acknowledged, refusals, stop }
}

const groups = async (count: number) => {
  for (let group = 0; group < count; group++) await new Promise((resolve) => setImmediate(resolve))
}

for (const fault of Object.keys(faults) as Fault[]) {
  test(`a ${fault} refuses publishes, changes nothing, and is used again when it works`, async () => {
    const { world, begin, end } = await openWorld()
    await using _world = world
    const room = world.room('a', { durable: true })
    await world.engine.log.listen(room)
    await world.publish(room, 'before')
    begin(fault)
    const refused = await Promise.allSettled(
      upTo(50).map((number) => world.publish(room, `${number}`.repeat(4_000), { key: `k${number}` })),
    )
    expect(refused.every((result) => result.status === 'rejected' && result.reason.code === 'unavailable')).toBe(true)
    expect(await world.top(room)).toMatchObject({ offset: 1 })
    end(fault)
    expect(await world.publish(room, 'after', { key: 'k1' })).toMatchObject({ duplicate: false, offset: 2 })
    expect(dataOf(world.heardIn(room))).toEqual(['before', 'after'])
    expect(dataOf((await world.read(room, { after: 'earliest', limit: 99 })).events)).toEqual(['before', 'after'])
  })

  test(`under load a ${fault} takes nothing that was acknowledged, and publishers go on when it works`, async () => {
    const { world, begin, end } = await openWorld()
    await using _world = world
    const room = world.room('a', { durable: true, keep: 1_000_000 })
    await world.engine.log.listen(room)
    const publishers = upTo(20).map((number) => publisher(world, room, `${number}`))
    for (let round = 0; round < 3; round++) {
      await groups(20)
      begin(fault)
      await groups(20)
      // Sweeps meet the fault as well.
      await world.host.clock.advance(2_000)
      end(fault)
    }
    await groups(20)
    await Promise.all(publishers.map(({ stop }) => stop()))
    const acknowledged = publishers.flatMap((each) => each.acknowledged)
    expect(new Set(publishers.flatMap(({ refusals }) => [...refusals]))).toEqual(new Set(['unavailable']))
    const told = acknowledged.map(({ offset }) => offset).sort((a, b) => a - b)
    expect(told.length).toBeGreaterThan(500)
    expect(told).toEqual(upTo(told.length))
    expect(offsets(world.heardIn(room))).toEqual(told)
    const before = await world.top(room)
    await world.restart()
    expect(await world.top(room)).toEqual(before)
    expect(offsets((await world.read(room, { after: 'earliest', limit: 1_000_000 })).events)).toEqual(told)
    const { offset, key } = acknowledged.at(-1)!
    expect(await world.publish(room, 'again', { key })).toMatchObject({ duplicate: true, offset })
  }, 20_000)
}

test('a damaged database is refused with its name, the cause and what to do', async () => {
  const { world, path } = await openWorld()
  await using _world = world
  await world.publishMany(world.room('a', { durable: true }), 500)
  await world.stop()
  const file = join(path, 'rooms.sqlite')
  const bytes = readFileSync(file)
  // All but the first page, which says what tables there are.
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(bytes.length - 4_096, 0x55)]))
  const failed = (await world.restart().catch((error: unknown) => error)) as FanfareError
  expect(failed.code).toBe('unavailable')
  expect(failed.message).toMatch(/malformed.*backup/)
  for (const part of ['rooms.sqlite', path]) expect(failed.message).toContain(part)
})
