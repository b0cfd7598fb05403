/** Everything beside rooms that nodes share, with its partitions on three masters. */
import { afterAll, beforeAll } from 'bun:test'
import { redisTickets } from '../auth/redis-tickets.ts'
import { describeTickets } from '../auth/tickets.contract.ts'
import { silentLog } from '../lib/log.ts'
import { describeCache } from '../model/cache.contract.ts'
import { describeOnce } from '../model/once.contract.ts'
import { type RedisCluster, startCluster } from '../redis/cluster.world.ts'
import { redisPlace } from './redis.world.ts'
import { RedisCache } from './redis-cache.ts'
import { redisOnce } from './redis-once.ts'
import { redisTexts } from './redis-texts.ts'
import { describeTrustStore } from './trust-store.contract.ts'
import { redisTrustStore } from './trust-store-redis.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
}, 30_000)
afterAll(() => cluster[Symbol.asyncDispose]())

describeCache('redis cluster', async () => {
  const { clock, close, connect } = redisPlace(cluster.url)
  return { clock, close, next: async () => new RedisCache({ redis: await connect() }) }
})

describeOnce('redis cluster', async ({ forMs }) => {
  const { clock, close, connect } = redisPlace(cluster.url)
  return { clock, close, next: async () => redisOnce({ redis: await connect(), clock, log: silentLog, forMs }) }
})

describeTrustStore('redis cluster', async () => {
  const { close, connect } = redisPlace(cluster.url)
  return { close, next: async () => redisTrustStore(redisTexts(await connect())) }
})

describeTickets('redis cluster', async ({ perUser }) => {
  const { clock, close, connect } = redisPlace(cluster.url)
  return { clock, close, next: async () => redisTickets({ redis: await connect(), perUser }) }
})
