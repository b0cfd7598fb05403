import { afterAll, beforeAll, expect, test } from 'bun:test'
import { insertAll } from '../insert-all.ts'
import { type PostgresServer, startPostgres } from '../postgres.world.ts'
import { openTestStore } from '../store.world.ts'
import { wardSchema } from '../ward.world.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { autovacuum: 'off' } })
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

const beds = Array.from({ length: 5_000 }, (_, number) => ({
  ward_id: `ward ${number % 100}`,
  number,
  patient: `patient ${number}`,
  note: 'a note',
  note_key: null,
}))

test('a table that PostgreSQL has never counted is counted, and then many keys are looked up and not all rows read', async () => {
  const database = await server.database()
  await using store = await openTestStore({ schemas: [wardSchema], url: database.url })
  const tenant = store.of('clinic')
  await tenant.change(({ rows }) => insertAll(rows, 'proof_bed', beds).execute())
  const counted = async () => {
    const [table] = await database.query(`SELECT last_analyze FROM pg_stat_user_tables WHERE relname = 'proof_bed'`)
    return table?.last_analyze !== null
  }
  const deadline = Date.now() + 15_000
  // It looks after changes, and PostgreSQL says what was written a second later.
  while (!(await counted())) {
    if (Date.now() > deadline) throw new Error('the table was not counted')
    await tenant.change(({ rows }) =>
      rows.updateTable('proof_bed').set({ note: 'again' }).where('number', '=', 1).execute(),
    )
    await Bun.sleep(50)
  }
  const patients = beds.slice(0, 20).map(({ patient }) => `'${patient}'`)
  const plan = await database.query(
    `EXPLAIN SELECT * FROM proof_bed WHERE tenant_id = 'clinic' AND patient = ANY (ARRAY[${patients}])`,
  )
  const lines = plan.map((row) => String(row['QUERY PLAN']))
  expect(lines.find((line) => line.includes('Index Cond'))).toContain('patient')
}, 20_000)
