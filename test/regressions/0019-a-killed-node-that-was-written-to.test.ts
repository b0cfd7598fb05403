/**
 * A client whose WebSocket was on one node and whose session on another learned only after 10 to 15 s that the other had been
 * killed, since a node was taken for there until its lease ended. Presence had as little as 10 s left then: others were told
 * that users left who came back as fast as they could.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createRedisEngine } from '../../packages/server/src/engine/redis/redis.ts'
import { Keepalive } from '../../packages/server/src/flows/keepalive.ts'
import type { Services } from '../../packages/server/src/flows/services.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { fakeClock } from '../../packages/server/src/lib/fake-clock.ts'
import { nodeId } from '../../packages/server/src/lib/ids.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.[Symbol.asyncDispose]())

const openNode = async () => {
  const node = nodeId()
  const opened = await openRedis({
    address: parseRedisAddress(redis.url),
    prefix: 'fanfare',
    node,
    clock: systemClock,
    log: silentLog,
    metrics: noMetrics,
  })
  const { courier } = createRedisEngine({ redis: opened, node, clock: systemClock })
  const heard: string[] = []
  await courier.start((_, message) => void heard.push(message))
  return { node, courier, heard, dies: () => opened.close() }
}

const tell = (from: Awaited<ReturnType<typeof openNode>>, node: string) =>
  from.courier.tell(node, 'hello').catch(() => 'unknown' as const)

test('a node that was killed is known to be gone within seconds', async () => {
  const [ann, bob] = [await openNode(), await openNode()]
  expect(await tell(ann, bob.node)).toBe(true)
  await bob.dies()
  const began = performance.now()
  let told: unknown
  do told = await tell(ann, bob.node)
  while (told === 'unknown' && performance.now() - began < 8_000)
  expect(told).toBe(false)
  expect(performance.now() - began).toBeLessThan(6_500)
  await ann.dies()
}, 20_000)

test('one whose listening is cut again and again is there all the same', async () => {
  const [ann, bob] = [await openNode(), await openNode()]
  for (let cut = 0; cut < 4; cut++) {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    expect(await tell(ann, bob.node)).toBe(true)
    await Bun.sleep(1_000)
  }
  expect(bob.heard).toHaveLength(4)
  await ann.dies()
  await bob.dies()
}, 20_000)

test('who is shown has 15 of 20 s left at any time', async () => {
  const clock = fakeClock()
  const renewals: number[] = []
  const session = {
    id: 'one',
    userId: 'ann',
    present: new Set(['acme|hall']),
    identity: { expiresAt: 1e15 },
    outbox: {},
  }
  const services = {
    clock,
    limits: { commentMs: 1e9 },
    log: silentLog,
    hub: { sessions: new Map([['one', session]]) },
    engine: { node: 'n', presence: { renew: async () => void renewals.push(clock.now()) } },
  } as unknown as Services
  const keepalive = new Keepalive(services)
  const began = clock.now()
  keepalive.start()
  for (let second = 0; second < 60; second++) await clock.advance(1_000)
  keepalive.stop()
  const gaps = renewals.map((at, index) => at - (renewals[index - 1] ?? began))
  expect(renewals.length).toBeGreaterThan(0)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000)
})
