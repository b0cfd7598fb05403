/** Migrates PostgreSQL: one transaction, one process at a time, and all or nothing. */
import type { PoolClient } from 'pg'
import { migrationTable, nameOfPending, type PendingMigration, pendingOf } from '../migrations.ts'
import type { Schema } from '../tables.ts'
import { guardsOf, statementsOf } from './schema.ts'

/** Any number that nobody else locks. */
const lock = 7_020_115_310_711

export type Migrating = { readonly schemas: readonly Schema[]; readonly where: string }

/** An index over many rows takes as long as it takes. */
const longest = 24 * 3_600_000

/** @returns the names of what ran @throws what PostgreSQL says; FanfareError `unavailable` of a later version */
export const migrate = async (client: PoolClient, { schemas, where }: Migrating): Promise<readonly string[]> => {
  const run = (text: string) => client.query({ text, query_timeout: longest } as { text: string })
  await run('BEGIN')
  try {
    await run("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)")
    await run(`SELECT pg_advisory_xact_lock(${lock})`)
    await run(migrationTable.replaceAll('TEXT', 'TEXT COLLATE "C"'))
    const due = pendingOf(schemas, await keptIn(client), where)
    for (const schema of schemas) await migrateOwner(run, schema, due)
    for (const { schema, migration } of due) {
      await client.query(
        'INSERT INTO fanfare_migration (owner, name, at) VALUES ($1, $2, (extract(epoch FROM now()) * 1000)::bigint)',
        [schema.owner, migration.name],
      )
    }
    await run('COMMIT')
    return due.map(nameOfPending)
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it.
    })
    throw error
  }
}

const migrateOwner = async (
  run: (text: string) => Promise<unknown>,
  schema: Schema,
  due: readonly PendingMigration[],
): Promise<void> => {
  const own = due.filter((one) => one.schema === schema)
  if (own.length === 0) return
  for (const { migration } of own) for (const statement of statementsOf(migration)) await run(statement)
  for (const guard of guardsOf(schema)) await run(guard)
}

/** @returns the names of what would run */
export const pending = async (client: PoolClient, { schemas, where }: Migrating): Promise<readonly string[]> => {
  const { rows } = await client.query("SELECT to_regclass('fanfare_migration') IS NOT NULL AS made")
  const kept = rows[0]?.made === true ? await keptIn(client) : []
  return pendingOf(schemas, kept, where).map(nameOfPending)
}

const keptIn = async (client: PoolClient) => {
  const { rows } = await client.query<{ owner: string; name: string }>('SELECT owner, name FROM fanfare_migration')
  return rows
}
