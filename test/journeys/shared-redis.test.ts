/** What a Redis that is shared must not do: mix deployments, tell its password, or let a command that a node took to its grave run for nothing. */
import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { homeTenant, startServerProcess, startWorld } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { clinic } from '../support/clinic.ts'

const admissions = fileURLToPath(new URL('../support/admissions.ts', import.meta.url))

test('deployments with other prefixes share nothing of one Redis', async () => {
  await using redis = await startRedis()
  const start = (redisPrefix: string) => startWorld({ app: clinic, config: { redisUrl: redis.url, redisPrefix } })
  await using blue = await start('blue')
  await using green = await start('green')
  const [ann, bob] = [await blue.person('ann'), await green.person('bob')]
  await ann.joins('ward:1')
  await bob.joins('ward:1')
  await ann.says('ward:1', 'counted', { n: 1 })
  await ann.hears('counted')
  await blue.server.services.cache.of(homeTenant).set('k', 'blue')
  await bob.says('ward:1', 'counted', { n: 2 })
  expect((await bob.hears('counted')).data).toEqual({ n: 2 })
  expect(bob.heard).toHaveLength(1)
  expect((await bob.reads('ward:1')).events).toHaveLength(1)
  expect(await green.server.services.cache.of(homeTenant).get('k')).toBeUndefined()
  // Not even a token of the one is good at the other: each made a secret of its own.
  const stranger = await green.open('stranger', { token: await blue.token('ann') })
  expect(await stranger.sees('error')).toMatchObject({ code: 'unauthenticated' })
  const keys = (await redis.call('KEYS', '*')) as string[]
  expect(keys.filter((key) => !/^(blue|green):\{/.test(key))).toEqual([])
})

test('a user of Redis who may touch nothing but the keys and names of the deployment is enough', async () => {
  await using redis = await startRedis()
  await redis.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '~fanfare:*', '&fanfare:*', '+@all', '-@dangerous', '+info')
  const redisUrl = redis.url.replace('redis://', 'redis://ann:pw@')
  await using one = await startWorld({ app: clinic, config: { redisUrl } })
  await using other = await startWorld({ app: clinic, config: { redisUrl } })
  const [ann, bob] = [await one.person('ann'), await other.person('bob')]
  for (const actor of [ann, bob]) await actor.joins('ward:1')
  await ann.asks({ type: 'presence', room: 'ward:1', state: 'here' })
  expect(await bob.sees('presence')).toMatchObject({ change: 'join' })
  expect(
    await bob.asks({ type: 'command', name: 'message:send', input: { ward: '1', text: 'hi' }, key: 'k' }),
  ).toMatchObject({ offset: 1 })
  expect((await ann.hears('message.created')).data).toEqual({ text: 'hi' })
  expect((await one.asks('/ready')).status).toBe(200)
})

test('the password of Redis is in no line that a node writes, whatever befalls Redis', async () => {
  await using redis = await startRedis()
  const password = 'hunter2-and-more'
  await redis.call('CONFIG', 'SET', 'requirepass', password)
  await using node = await startServerProcess({
    app: admissions,
    environment: {
      REDIS_URL: redis.url.replace('redis://', `redis://:${password}@`),
      FANFARE_LOG_LEVEL: 'debug',
      FANFARE_LOG_ERROR_MESSAGES: 'true',
    },
  })
  const ann = await node.person('ann')
  await ann.joins('ward:1')
  await redis.kill()
  await until(async () => (await fetch(`${node.url}/ready`)).status === 503)
  const lines = node.output.split('\n').length
  expect(lines).toBeGreaterThan(3)
  expect(node.output).not.toContain(password)
}, 30_000)

test('a command that died with its node is done by whoever is asked again, and its event is there once', async () => {
  await using redis = await startRedis()
  const secret = randomBytes(48).toString('base64url')
  const start = () => startServerProcess({ app: admissions, secret, environment: { REDIS_URL: redis.url } })
  const [one, other] = await Promise.all([start(), start()])
  await using _ = one
  await using __ = other
  const [ann, again] = [await one.person('ann'), await other.person('ann')]
  await again.joins('ward:1')
  const ask = { type: 'command', name: 'admit', input: { name: 'eve' }, key: 'admit-eve' } as const
  ann.sends({ ...ask, id: 1 })
  expect((await again.hears('admitted')).data).toEqual({ name: 'eve' })
  await one.kill()
  const began = Date.now()
  expect(await again.asks(ask)).toEqual({ tries: 2 })
  expect(Date.now() - began).toBeLessThan(7_000)
  expect((await again.reads('ward:1')).events).toHaveLength(1)
}, 30_000)

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`It did not come to hold in 15 s: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
