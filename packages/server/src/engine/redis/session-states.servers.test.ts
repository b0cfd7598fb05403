/** States of sessions over the partitions of a Cluster, of several nodes; what one node sees is in the engine's contract. */
import { afterAll, expect, test } from 'bun:test'
import { systemClock } from '../../lib/clock.ts'
import { fakeClock } from '../../lib/fake-clock.ts'
import { secretId } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { parseRedisAddress } from '../../redis/address.ts'
import { openRedis } from '../../redis/connect.ts'
import { startRedis } from '../../redis/servers.world.ts'
import { clusterPartitions, partitionFor } from '../../redis/tags.ts'
import { claimMs, type SessionState } from '../session-states.ts'
import { createRedisSessionStates } from './session-states.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

const minute = 60_000
const state = (session: string): SessionState => ({
  session,
  secret: 'hash',
  tenantId: 'clinic',
  userId: 'ann',
  namespace: '/',
  node: 'one',
  rooms: [],
  data: { empty: [], deep: { list: [[], {}] } },
})

/** A node over one server, whose keys are spread as in a Cluster. */
const open = async () => {
  const clock = fakeClock()
  const redis = await openRedis({
    address: parseRedisAddress(server.url),
    prefix: `test-${secretId()}`,
    node: secretId(),
    clock: systemClock,
    log: silentLog,
    metrics: noMetrics,
    time: clock.now,
  })
  const traffic = { runs: 0, together: 0, most: 0 }
  const states = createRedisSessionStates({
    redis: {
      ...redis,
      partitions: clusterPartitions,
      partitionOf: (name) => partitionFor(clusterPartitions, name),
      async run(_, call) {
        traffic.runs++
        traffic.most = Math.max(traffic.most, ++traffic.together)
        try {
          return await redis.run(redis.partitions[0]!, call)
        } finally {
          traffic.together--
        }
      },
    },
  })
  await states.start()
  return { clock, states, traffic, redis, [Symbol.asyncDispose]: () => redis.close() }
}

test('what is over is taken oldest first over all partitions, and never more than asked for', async () => {
  await using node = await open()
  for (let index = 0; index < 40; index++) {
    await node.states.create(state(`s${index}`), minute)
    await node.clock.advance(10)
  }
  await node.clock.advance(minute)
  const first = await node.states.expire(15)
  expect(first.map(({ session }) => Number(session.slice(1))).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 15 }, (_, index) => index),
  )
  expect(first[0]).toEqual(state(first[0]!.session))
  expect(await node.states.expire(100)).toHaveLength(25)
  expect(await node.states.expire(100)).toEqual([])
})

test('of many who take at once each state is given to one, and all are given', async () => {
  await using node = await open()
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`)
  await Promise.all(names.map((name) => node.states.create(state(name), minute)))
  await node.clock.advance(minute)
  const given = await Promise.all(Array.from({ length: 5 }, () => node.states.expire(50)))
  const taken = given.flat().map(({ session }) => session)
  expect(given.every((states) => states.length <= 50)).toBe(true)
  expect(taken.sort()).toEqual(names.sort())
})

test('when nothing is over, all partitions are asked at once and once', async () => {
  await using node = await open()
  await node.states.create(state('a'), minute)
  node.traffic.runs = 0
  expect(await node.states.expire(100)).toEqual([])
  expect(node.traffic).toMatchObject({ runs: 64, most: 64 })
})

test('ten thousand sessions are renewed by one run a partition', async () => {
  await using node = await open()
  const names = Array.from({ length: 10_000 }, (_, index) => `s${index}`)
  await Promise.all(names.map((name) => node.states.create(state(name), minute)))
  node.traffic.runs = 0
  await node.clock.advance(minute - 1)
  expect((await node.states.renew([...names, 'nobody'], minute)).size).toBe(10_000)
  expect(node.traffic.runs).toBe(64)
  await node.clock.advance(minute - 1)
  expect(await node.states.expire(10)).toEqual([])
})

test('a state that the server forgot by itself is given to nobody', async () => {
  await using node = await open()
  await node.states.create(state('a'), minute)
  await node.states.create(state('b'), minute)
  const partition = partitionFor(clusterPartitions, 'a')
  await server.call('DEL', node.redis.key(partition, 'session-state', 'a'))
  expect(await node.states.find('a')).toBeUndefined()
  expect(await node.states.update('a', { rooms: [], data: null })).toBe(false)
  expect([...(await node.states.renew(['a', 'b'], minute))]).toEqual(['b'])
  await node.clock.advance(minute + claimMs)
  expect((await node.states.expire(10)).map(({ session }) => session)).toEqual(['b'])
  await node.clock.advance(claimMs)
  expect((await node.states.expire(10)).map(({ session }) => session)).toEqual(['b'])
})

test('the server forgets long after a state is over, and not before', async () => {
  await using node = await open()
  await node.states.create(state('a'), minute)
  const key = node.redis.key(partitionFor(clusterPartitions, 'a'), 'session-state', 'a')
  expect(Number(await server.call('PTTL', key))).toBeGreaterThan(6 * 24 * 60 * minute)
})
