/** Pub/Sub of Redis does not know databases: two deployments with one prefix, each in its own, heard each other's events. */
import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { clinic } from '../support/clinic.ts'

test('deployments in two databases of one Redis do not hear each other', async () => {
  await using redis = await startRedis()
  const start = (database: number) => startWorld({ app: clinic, config: { redisUrl: `${redis.url}/${database}` } })
  await using production = await start(0)
  await using staging = await start(1)
  const [ann, bob] = [await production.person('ann'), await staging.person('bob')]
  await ann.joins('ward:1')
  await bob.joins('ward:1')
  await ann.says('ward:1', 'counted', { n: 1 })
  expect((await ann.hears('counted')).data).toEqual({ n: 1 })
  await bob.says('ward:1', 'counted', { n: 2 })
  expect((await bob.hears('counted')).data).toEqual({ n: 2 })
  await ann.says('ward:1', 'counted', { n: 3 })
  expect((await ann.hears('counted')).data).toEqual({ n: 3 })
  expect(bob.heard).toHaveLength(1)
  expect((await ann.reads('ward:1')).events).toHaveLength(2)
})
