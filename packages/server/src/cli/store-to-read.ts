/** Opens the store of a configuration to read it, beside nodes that run. Changes nothing, and migrates nothing. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { Backend } from '../store/backend.ts'
import { createStore, type OpenedStore } from '../store/create-store.ts'
import { masterKeys } from '../store/master-keys.ts'
import { allSchemas } from '../store/open-store.ts'
import { postgresBackend } from '../store/postgres/backend.ts'
import { sqliteBackend } from '../store/sqlite/backend.ts'
import type { Schema } from '../store/tables.ts'
import type { Terminal } from './terminal.ts'

export type ReadingParts = {
  readonly terminal: Terminal
  readonly config: Config
  /** Besides the store's own. Those of which the store has nothing are left out: their feature was never on. */
  readonly schemas: readonly Schema[]
}

export type ReadStore = { readonly store: OpenedStore; readonly schemas: readonly Schema[] }

/** @throws FanfareError `unavailable` when there is none, or it lacks migrations */
export const withStoreToRead = async <Value>(
  parts: ReadingParts,
  work: (read: ReadStore) => Promise<Value>,
): Promise<Value> => {
  const { config } = parts
  const backend = backendOf(parts)
  try {
    const schemas = await presentOf(backend, allSchemas(parts.schemas))
    const store = createStore({
      backend,
      schemas,
      masters: masterKeys(config.encryptionKeys),
      clock: systemClock,
      ids: uuidv7,
      log: silentLog,
      metrics: noMetrics,
    })
    return await work({ store, schemas })
  } finally {
    await backend.close()
  }
}

/** @throws FanfareError `unavailable` where one is there in part */
export const presentOf = async (backend: Backend, schemas: readonly Schema[]): Promise<readonly Schema[]> => {
  const present: Schema[] = []
  for (const schema of schemas) {
    const pending = await backend.pending([schema])
    if (pending.length === schema.migrations.length) continue
    if (pending.length > 0) {
      throw new FanfareError('unavailable', `The store lacks migrations (${pending.join(', ')}). Run: fanfare migrate`)
    }
    present.push(schema)
  }
  return present
}

const backendOf = ({ terminal, config }: ReadingParts): Backend => {
  const { databaseUrl: url, databaseConnections: connections, dataFolder } = config
  if (url !== undefined) {
    return postgresBackend({ url, connections, log: silentLog, metrics: noMetrics })
  }
  const path = join(resolve(terminal.folder, dataFolder), 'store.sqlite')
  if (!existsSync(path)) throw new FanfareError('unavailable', `There is no store: ${path} does not exist.`)
  // SQLite lets others read beside the one process that writes.
  const open = () => {
    const database = new DatabaseSync(path, { readOnly: true })
    database.exec('PRAGMA busy_timeout = 5000')
    return database
  }
  return sqliteBackend({ open, place: 'file', clock: systemClock })
}
