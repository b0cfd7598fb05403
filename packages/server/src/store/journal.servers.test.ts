import { afterAll, beforeAll } from 'bun:test'
import { describeJournal } from './journal.contract.ts'
import { type PostgresServer, startPostgres } from './postgres.world.ts'
import { openTestStore } from './store.world.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { deadlock_timeout: '20ms' } })
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

describeJournal('PostgreSQL', async (options) => openTestStore({ ...options, url: (await server.database()).url }))
