import { afterAll, beforeAll } from 'bun:test'
import { type RedisCluster, startCluster } from '../../redis/cluster.world.ts'
import { describeEngine } from '../engine.contract.ts'
import { redisHost } from './redis.world.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
}, 30_000)
afterAll(() => cluster[Symbol.asyncDispose]())

const url = () => cluster.url
describeEngine('redis cluster', redisHost(url))
