/** Everybody is cut off and comes back at once, each from where they were: whole, in order, and without a log being read for each. */
import { expect, test } from 'bun:test'
import type { Position } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { homeTenant, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const log = { keep: 40, for: '1h', durable: true } as const
const events = { counted: z.object({ n: z.number() }) }
const halls = defineApp({ rooms: { 'hall:{n}': { events, access: 'tenant', publish: 'tenant', log } } })

const rooms = ['hall:1', 'hall:2', 'hall:3', 'hall:4', 'hall:5']
const top = 60
/** In each storm. */
const sessions = 500
/** All come from one address. */
const limits = { connectsPerSecond: 10_000 }

/** Faster than a client may. */
const publishAll = async ({ server }: World): Promise<ReadonlyMap<string, string>> => {
  const { app, engine } = server.services
  const epochs = new Map<string, string>()
  for (const room of rooms) {
    for (let n = 1; n <= top; n++) {
      const about = { id: `${room}-${n}`, type: 'counted', tenantId: homeTenant, room, data: { n } }
      const draft = { ...about, timestamp: new Date().toISOString() }
      epochs.set(room, (await engine.log.publish(app.room(homeTenant, room), draft)).epoch)
    }
  }
  return epochs
}

const readsOf = async (worlds: readonly World[]): Promise<number> => {
  const texts = await Promise.all(worlds.map(async (world) => (await world.asks('/metrics')).text()))
  return texts.reduce((sum, text) => sum + Number(/^fanfare_log_reads_total (\d+)/m.exec(text)?.[1] ?? 0), 0)
}

type Were = { readonly from: number; readonly to: number }

/** All come back in one moment, at whatever node; gives what each room was read for. */
const storm = async (worlds: readonly World[], epochs: ReadonlyMap<string, string>, were: Were) => {
  const guests = await Promise.all(
    Array.from({ length: sessions }, async (_, index) => {
      const room = rooms[index % rooms.length]!
      const since: Position = {
        epoch: epochs.get(room)!,
        offset: were.from + (Math.floor(index / rooms.length) % (were.to - were.from + 1)),
      }
      return { room, since, actor: await worlds[index % worlds.length]!.person(`user${index}`) }
    }),
  )
  const before = await readsOf(worlds)
  const joined = await Promise.all(guests.map(({ actor, room, since }) => actor.joins(room, since)))
  for (const [index, { actor, since }] of guests.entries()) {
    const kept = since.epoch === epochs.get(guests[index]!.room) && since.offset >= top - log.keep
    const position = kept ? since : { epoch: since.epoch, offset: top }
    expect(joined[index]).toMatchObject({ recovered: kept, ...position, ...(kept ? {} : { reason: 'trimmed' }) })
    const missed = Array.from({ length: top - position.offset }, (_, at) => position.offset + at + 1)
    for (const offset of missed) expect(await actor.hears('counted')).toMatchObject({ offset, data: { n: offset } })
    expect(actor.heard).toHaveLength(missed.length)
  }
  return ((await readsOf(worlds)) - before) / rooms.length
}

test('five hundred come back to five rooms of a node that just started, and the disk is read twice a room at most', async () => {
  await using world = await startWorld({ app: halls, config: { limits } })
  const epochs = await publishAll(world)
  await world.restarts()
  const reads = await storm([world], epochs, { from: 0, to: top })
  expect(reads).toBeGreaterThan(0)
  expect(reads).toBeLessThanOrEqual(2)
}, 30_000)

test('five hundred come back to five rooms of two nodes on Redis, and each node reads a room twice at most', async () => {
  await using redis = await startRedis()
  const start = () => startWorld({ app: halls, config: { redisUrl: redis.url, limits } })
  await using before = await start()
  const epochs = await publishAll(before)
  await using one = await start()
  await using other = await start()
  const reads = await storm([one, other], epochs, { from: top - log.keep, to: top })
  expect(reads).toBeGreaterThan(0)
  expect(reads).toBeLessThanOrEqual(2 * 2)
  // Behind what is kept: each is told so. That they share what is read for it, the log's own tests show.
  await storm([one, other], epochs, { from: 0, to: top - log.keep - 1 })
}, 30_000)
