import { afterAll } from 'bun:test'
import { startRedis } from '../redis/servers.world.ts'
import { redisPlace } from './redis.world.ts'
import { redisTexts } from './redis-texts.ts'
import { describeTrustStore } from './trust-store.contract.ts'
import { redisTrustStore } from './trust-store-redis.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

describeTrustStore('redis', async () => {
  const { close, connect } = redisPlace(server.url)
  return { close, next: async () => redisTrustStore(redisTexts(await connect())) }
})
