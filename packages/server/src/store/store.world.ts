/** A store for a test: SQLite in memory, opened in a few ms, with the tables of the features that the test is about. */
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { type Ids, uuidv7 } from '../lib/ids.ts'
import { type Log, silentLog } from '../lib/log.ts'
import { type Metrics, noMetrics } from '../lib/metrics.ts'
import { createStore, type OpenedStore } from './create-store.ts'
import { allSchemas } from './open-store.ts'
import { plainSealer } from './sealing.ts'
import { sqliteBackend } from './sqlite/backend.ts'
import type { Schema } from './tables.ts'

export type TestStoreOptions = {
  /** Besides the store's own. */
  readonly schemas?: readonly Schema[]
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
  const backend = sqliteBackend({ open: () => new DatabaseSync(':memory:'), place: 'memory', clock })
  await backend.migrate(schemas)
  const store = createStore({
    backend,
    schemas,
    clock,
    ids,
    log,
    metrics,
    sealers: () => ({ of: async () => plainSealer }),
  })
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}
