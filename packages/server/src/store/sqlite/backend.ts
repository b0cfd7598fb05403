/**
 * The store's rows in SQLite: one connection writes, change after change, and others read beside it what was committed. Owns
 * the connections that it opens; the file's one process is the caller's affair.
 */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import type { DatabaseConnection } from 'kysely'
import type { Clock } from '../../lib/clock.ts'
import type { Asked, Backend } from '../backend.ts'
import { migrationTable, nameOfPending, type PendingMigration, pendingOf } from '../migrations.ts'
import { inTransaction } from '../sqlite.ts'
import type { Schema } from '../tables.ts'
import { Watched } from '../watched.ts'
import { StoreSqliteDialect } from './compiler.ts'
import { Connections } from './connections.ts'
import { toStoreError } from './errors.ts'
import { IdleMemory } from './idle-memory.ts'
import { SqliteStatements } from './statements.ts'

export type SqliteBackendOptions = {
  /** Opens one more connection to the same file; only the first is ever given for `write`, and once. */
  readonly open: (for_: 'write' | 'read') => DatabaseSync
  /** `memory`: no second connection sees it, so reads take their turn with changes. */
  readonly place: 'file' | 'memory'
  readonly clock: Clock
  /** Connections that read beside each other. @default 8 */
  readonly readers?: number
}

type Opened = { readonly database: DatabaseSync; readonly connection: SqliteStatements }

const opened = (database: DatabaseSync): Opened => ({ database, connection: new SqliteStatements(database) })

/** @throws FanfareError `unavailable` */
export const sqliteBackend = ({ open, place, clock, readers = 8 }: SqliteBackendOptions): Backend => {
  const first = opened(open('write'))
  const writers = new Connections({ open: () => first, most: 1 })
  const reading =
    place === 'memory' ? writers : new Connections({ open: () => opened(forReading(open('read'))), most: readers })
  const all = () => [first, ...reading.all.filter((one) => one !== first)]
  const memory = new IdleMemory({ clock, release: () => releaseMemory(all()) })
  let closed = false
  const where = 'The database of the data folder'
  return {
    kind: 'sqlite',
    dialect: new StoreSqliteDialect({ database: async () => refuseDriver() }),
    async transaction({ kind }: Asked, work) {
      if (closed) throw new FanfareError('unavailable', 'The store is closed.')
      if (kind === 'change') memory.used()
      return kind === 'change' ? writers.use((one) => change(one, work)) : reading.use((one) => read(one, work))
    },
    migrate: async (schemas) => migrate(first.database, { schemas, where, now: clock.now() }),
    pending: async (schemas) => pending(first.database, schemas, where).map(nameOfPending),
    async close() {
      if (closed) return
      closed = true
      memory.stop()
      // Whoever is at work finishes first.
      await writers.use(async () => {})
      for (const { database } of all()) database.close()
    },
  }
}

const releaseMemory = (connections: readonly Opened[]): void => {
  for (const { database } of connections) if (!database.isTransaction) database.exec('PRAGMA shrink_memory')
}

const refuseDriver = (): never => {
  throw new Error('the driver of Kysely is not used')
}

const forReading = (database: DatabaseSync): DatabaseSync => {
  database.exec('PRAGMA query_only = ON; PRAGMA cache_size = -8000')
  return database
}

const change = <T>(one: Opened, work: (connection: DatabaseConnection) => Promise<T>): Promise<T> =>
  transaction(one, { begin: 'BEGIN IMMEDIATE', end: 'COMMIT' }, work)

const read = <T>(one: Opened, work: (connection: DatabaseConnection) => Promise<T>): Promise<T> =>
  transaction(one, { begin: 'BEGIN', end: 'ROLLBACK' }, work)

const transaction = async <T>(
  { database, connection }: Opened,
  { begin, end }: { readonly begin: string; readonly end: string },
  work: (connection: DatabaseConnection) => Promise<T>,
): Promise<T> => {
  const own = new Watched(connection)
  try {
    database.exec(begin)
    const result = await work(own)
    own.end()
    database.exec(end)
    return result
  } catch (error) {
    own.close()
    // SQLite has already rolled back after some errors, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw toStoreError(error)
  }
}

type Migrating = { readonly schemas: readonly Schema[]; readonly where: string; readonly now: number }

const migrate = (database: DatabaseSync, { schemas, where, now }: Migrating): readonly string[] => {
  if (pending(database, schemas, where).length === 0) return []
  return inTransaction(database, () => {
    database.exec(migrationTable)
    const due = pending(database, schemas, where)
    const keep = database.prepare('INSERT INTO fanfare_migration (owner, name, at) VALUES (?, ?, ?)')
    for (const one of due) {
      for (const statement of statementsOf(one)) database.exec(statement)
      keep.run(one.schema.owner, one.migration.name, now)
    }
    return due.map(nameOfPending)
  })
}

const statementsOf = ({ migration }: PendingMigration): readonly string[] => [
  ...migration.statements,
  ...(migration.only?.sqlite ?? []),
]

const pending = (database: DatabaseSync, schemas: readonly Schema[], where: string): readonly PendingMigration[] => {
  const made = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'fanfare_migration'").get() !== undefined
  const kept = made ? database.prepare('SELECT owner, name FROM fanfare_migration').all() : []
  return pendingOf(
    schemas,
    kept.map(({ owner, name }) => ({ owner: String(owner), name: String(name) })),
    where,
  )
}
