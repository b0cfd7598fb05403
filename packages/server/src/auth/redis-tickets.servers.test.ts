import { afterAll } from 'bun:test'
import { startRedis } from '../redis/servers.world.ts'
import { redisPlace } from '../store/redis.world.ts'
import { redisTickets } from './redis-tickets.ts'
import { describeTickets } from './tickets.contract.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

describeTickets('redis', async ({ perUser }) => {
  const { clock, close, connect } = redisPlace(server.url)
  return { clock, close, next: async () => redisTickets({ redis: await connect(), perUser }) }
})
