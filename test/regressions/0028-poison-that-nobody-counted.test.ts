/** Noise on the name of a node's heartbeat, and what begins as a message of presence and is none, was refused and not counted. */
import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const app = defineApp({ rooms: { lobby: { events: {}, access: 'tenant' } } })
const refusals = /^fanfare_(?:redis_messages_refused|node_messages_refused|redis_poison)_total ([0-9]+)$/gm

test('whatever a node cannot read is counted, on every name on which it listens', async () => {
  await using redis = await startRedis()
  await using node = await startWorld({ app, config: { redisUrl: redis.url } })
  const ann = await node.person('ann')
  await ann.joins('lobby')
  const counted = async () => {
    const metrics = await (await node.asks('/metrics')).text()
    return [...metrics.matchAll(refusals)].reduce((sum, [, count]) => sum + Number(count), 0)
  }
  const names = (await redis.call('PUBSUB', 'SHARDCHANNELS')) as readonly string[]
  expect(names.filter((name) => name.includes(':beat:'))).toHaveLength(1)
  for (const name of names) {
    for (const text of ['noise', '1 p ', '1 p 0 0 0 join 1\n{\nann']) {
      const before = await counted()
      await redis.call('SPUBLISH', name, text)
      for (let tries = 0; tries < 50 && (await counted()) === before; tries++) await Bun.sleep(10)
      expect([name, text, (await counted()) - before]).toEqual([name, text, 1])
    }
  }
  await ann.goes()
}, 20_000)
