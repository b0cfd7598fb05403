import { afterAll, beforeAll } from 'bun:test'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import { describeEngine } from '../engine.contract.ts'
import { redisHost } from './redis.world.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

const url = () => server.url
describeEngine('redis', redisHost(url))
