import { afterAll } from 'bun:test'
import { describeCache } from '../model/cache.contract.ts'
import { startRedis } from '../redis/servers.world.ts'
import { redisPlace } from './redis.world.ts'
import { RedisCache } from './redis-cache.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

describeCache('redis', async () => {
  const { clock, close, connect } = redisPlace(server.url)
  return { clock, close, next: async () => new RedisCache({ redis: await connect() }) }
})
