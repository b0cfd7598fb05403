/** Events that somebody still has to react to: whose they are, and when they become another's. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { silentLog } from '../../lib/log.ts'
import type { Redis } from '../../redis/redis.ts'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import { dataOf, upTo } from '../engine.world.ts'
import { BrokerWorld } from './broker.world.ts'
import { RedisUnreacted, unreactedLeaseMs } from './unreacted.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Publishes, and is at it from then on. */
const take = async (world: BrokerWorld, count: number) => {
  const room = world.room('a', { durable: true })
  const writes = upTo(count).map((number) => world.write(room, number, { react: true }))
  const published = await world.publish(...writes)
  for (const { receipt } of published) world.unreacted.keep(room.key, receipt.id)
  return { room, events: published.map(({ receipt }, index) => ({ ...writes[index]!.draft, offset: receipt.offset })) }
}

test('what a living process is at is given to nobody, however long that takes', async () => {
  await using world = await BrokerWorld.open(server)
  const stop = world.unreacted.start()
  await take(world, 3)
  const other = world.process('node0002')
  for (let passed = 0; passed < 3 * unreactedLeaseMs; passed += 1_000) {
    await world.clock.advance(1_000)
    // The renewal has been answered before the next second begins.
    expect(await other.list()).toEqual([])
  }
  expect(await world.unreacted.list()).toEqual([])
  await stop()
})

test('what a process that is gone was at is given once, oldest first, to one of all who ask', async () => {
  await using world = await BrokerWorld.open(server)
  const { events } = await take(world, 1_200)
  await world.clock.advance(unreactedLeaseMs - 1)
  expect(await world.process('node0002').list()).toEqual([])
  await world.clock.advance(1)
  const others = upTo(3).map((number) => world.process(`node000${number + 1}`))
  const given = (await Promise.all(others.map((other) => other.list()))).flat()
  expect(given.sort((one, two) => one.offset - two.offset)).toEqual(events)
})

test('who follows under the same node id takes what was left at once', async () => {
  await using world = await BrokerWorld.open(server)
  const { events } = await take(world, 2)
  expect(await world.process('node0001').list()).toEqual(events)
})

test('what is done is gone, also when Redis did not answer the first time', async () => {
  await using world = await BrokerWorld.open(server)
  let refusals = 1
  const redis: Redis = {
    ...world.redis,
    run: (partition, call) =>
      call.script.name === 'reacted.lua' && refusals-- > 0
        ? Promise.reject(new FanfareError('unavailable', 'Not now.'))
        : world.redis.run(partition, call),
  }
  const { events } = await take(world, 3)
  const process = new RedisUnreacted({ redis, node: 'node0001', clock: world.clock, log: silentLog })
  const stop = process.start()
  expect(await process.list()).toEqual(events)
  process.done(events[0]!)
  await Bun.sleep(20)
  expect(refusals).toBe(0)
  process.done(events[2]!)
  await stop()
  expect(dataOf(await world.process('node0001').list())).toEqual([2])
})

test('an event that may have been published although its publisher was told otherwise is listed when that is certain', async () => {
  await using world = await BrokerWorld.open(server)
  const stop = world.unreacted.start()
  const { events } = await take(world, 1)
  const room = world.room('a', { durable: true })
  // Stored, and its publisher never learned of it.
  await world.publish(world.write(room, 'unknown', { react: true }))
  world.unreacted.doubt(room.key)
  expect(await world.unreacted.list()).toEqual([])
  await world.clock.advance(5_000)
  await world.clock.advance(5_000)
  await world.clock.advance(5_000)
  expect(dataOf(await world.unreacted.list())).toEqual(['unknown'])
  expect(await world.unreacted.list()).toEqual([])
  expect(events).toHaveLength(1)
  await stop()
})

test('a forgotten room has forgotten what was to be reacted to, whoever was at it', async () => {
  await using world = await BrokerWorld.open(server)
  const { room } = await take(world, 3)
  const other = world.room('aa', { durable: true })
  await world.publish(world.write(other, 'stays', { react: true }))
  await world.send({ kind: 'forget', room })
  expect(dataOf(await world.process('node0001').list())).toEqual(['stays'])
})
