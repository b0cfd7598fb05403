/**
 * Kill -9 of PostgreSQL, and of a server on it, in the middle of sends, a hundred times each on the same data. The killed
 * PostgreSQL comes back under a server that never stopped.
 */
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { chatKills } from '../support/chat-kills.ts'
import { atLeast, atMost } from '../support/verdict.ts'

await using postgres = await startPostgres({ fsync: 'on' })

const run = async (id: string, what: string, strike?: () => Promise<void>): Promise<void> => {
  const { url } = await postgres.database()
  const { acknowledged, faults } = await chatKills({
    kills: 100,
    environment: { FANFARE_DATABASE_URL: url },
    ...(strike ? { strike } : {}),
  })
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `acknowledged messages lost, doubled or miscounted, of ${acknowledged} over 100 kills of ${what}`
  atMost(id, metric, { value: faults.length, limit: 0 })
  atLeast(`${id}-load`, 'acknowledged messages', { value: acknowledged, limit: 5_000 })
}

await run('chat-postgres', 'PostgreSQL', async () => {
  await postgres.kill()
  await postgres.restart()
})
await run('chat-postgres-server', 'the server on PostgreSQL')
process.exit()
