/**
 * Two nodes on a Redis and a PostgreSQL, in the middle of sends: kill -9 of a node, of PostgreSQL, or of Redis, which comes back
 * with nothing, a hundred times at random on the same data. What is archived hides the loss of Redis: nobody is told of a gap.
 */
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { chatKills, killNode, type Strike } from '../support/chat-kills.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const kills = Number(process.argv[2] ?? 100)

await using redis = await startRedis()
await using postgres = await startPostgres({ fsync: 'on' })
const strikes: readonly Strike[] = [
  (nodes) => killNode(nodes, Math.floor(Math.random() * nodes.length)),
  async () => {
    await postgres.kill()
    await postgres.restart()
  },
  async () => {
    await redis.kill()
    await redis.restart({ empty: true })
  },
]
const { url } = await postgres.database()
const { acknowledged, faults } = await chatKills({
  kills,
  nodes: 2,
  environment: { FANFARE_DATABASE_URL: url, REDIS_URL: redis.url },
  strike: (nodes, round) => strikes[Math.floor(Math.random() * strikes.length)]!(nodes, round),
})
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `acknowledged messages lost, doubled, miscounted or told to be missing, of ${acknowledged} over ${kills} kills of nodes, PostgreSQL and Redis`
atMost('chat-nodes', metric, { value: faults.length, limit: 0 })
atLeast('chat-nodes-load', 'acknowledged messages', { value: acknowledged, limit: kills * 50 })
process.exit()
