/** A store for a test: SQLite in memory, opened in a few ms, or a database of its own in PostgreSQL. */
import { DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock } from '../lib/clock.ts'
import { type Ids, uuidv7 } from '../lib/ids.ts'
import { type Log, silentLog } from '../lib/log.ts'
import { type Metrics, noMetrics } from '../lib/metrics.ts'
import type { Backend } from './backend.ts'
import { createStore, type OpenedStore } from './create-store.ts'
import { masterKeys } from './master-keys.ts'
import { allSchemas } from './open-store.ts'
import { sqliteBackend } from './sqlite/backend.ts'
import { openSqlite } from './sqlite.ts'
import type { Schema } from './tables.ts'

export type TestStoreOptions = {
  /** Besides the store's own. */
  readonly schemas?: readonly Schema[]
  /** PostgreSQL only in `*.servers.test.ts`. @default 'sqlite' */
  readonly kind?: 'sqlite' | 'postgres'
  /** A PostgreSQL database that is there, as for a second node. @default a new one */
  readonly url?: string
  /** A file of SQLite. @default in memory */
  readonly path?: string
  /** Base64 of 32 bytes each. @default none: nothing is sealed */
  readonly encryptionKeys?: readonly string[]
  /** @default the system's */
  readonly clock?: Clock
  readonly ids?: Ids
  readonly log?: Log
  readonly metrics?: Metrics
}

export type TestStore = OpenedStore & AsyncDisposable

export const openTestStore = async (options: TestStoreOptions = {}): Promise<TestStore> => {
  const { clock = systemClock, ids = uuidv7, log = silentLog, metrics = noMetrics } = options
  const schemas = allSchemas(options.schemas ?? [])
  const backend = await openBackend({ ...options, clock, log, metrics })
  await backend.migrate(schemas)
  const masters = masterKeys(options.encryptionKeys ?? [])
  const store = createStore({ backend, schemas, masters, clock, ids, log, metrics })
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

type BackendOptions = TestStoreOptions & { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }

const openBackend = async ({ kind, path, url, clock, log, metrics }: BackendOptions): Promise<Backend> => {
  if (path !== undefined)
    return sqliteBackend({ open: () => openSqlite({ path, migrations: [] }), place: 'file', clock })
  if (kind !== 'postgres' && url === undefined) {
    return sqliteBackend({ open: () => new DatabaseSync(':memory:'), place: 'memory', clock })
  }
  // Only those who ask for PostgreSQL wait for its client to be loaded.
  const { postgresBackend } = await import('./postgres/backend.ts')
  const { sharedPostgres } = await import('./postgres.world.ts')
  const place = url ?? (await (await sharedPostgres()).database()).url
  return postgresBackend({ url: place, connections: 10, log, metrics })
}
