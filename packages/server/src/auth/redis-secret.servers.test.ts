import { afterAll, expect, test } from 'bun:test'
import { startRedis } from '../redis/servers.world.ts'
import { redisPlace } from '../store/redis.world.ts'
import { redisTexts } from '../store/redis-texts.ts'
import { resolveSecret, secretInRedis } from './secret.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

test('nodes that start at once agree on one development secret, and a later one finds it', async () => {
  const { close, connect } = redisPlace(server.url)
  const start = async () => {
    const keep = secretInRedis(redisTexts(await connect()))
    return resolveSecret({ mode: 'development', configured: undefined, keep })
  }
  const secrets = await Promise.all([start(), start(), start()])
  const kinds = secrets.map(({ from }) => from.kind)
  expect(kinds.filter((kind) => kind === 'made')).toHaveLength(1)
  const later = await start()
  expect(later.from.kind).toBe('found')
  for (const { bytes } of secrets) expect(bytes).toEqual(later.bytes)
  await close()
})
