/** Opens the store of a node, in the data folder or in PostgreSQL. Migrates it where that is safe, and does not open it where it is behind. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Backend } from './backend.ts'
import { createStore, type OpenedStore } from './create-store.ts'
import type { DataFolder } from './data-folder.ts'
import { journalSchema } from './journal-tables.ts'
import { masterKeys } from './master-keys.ts'
import { postgresBackend } from './postgres/backend.ts'
import { sealingSchema } from './sealing-tables.ts'
import { sqliteBackend } from './sqlite/backend.ts'
import type { Schema } from './tables.ts'

/** Where the rows are: in a locked data folder, or in PostgreSQL, which nodes share. */
export type StorePlace =
  | { readonly kind: 'sqlite'; readonly folder: Pick<DataFolder, 'database'> }
  | { readonly kind: 'postgres'; readonly url: string; readonly connections: number }

export type OpenStoreOptions = {
  readonly place: StorePlace
  /** Of the features; the store's own are always there. */
  readonly schemas: readonly Schema[]
  /** Base64 of 32 bytes each: the first seals, all open. None: texts stay as they are. */
  readonly encryptionKeys: readonly string[]
  /** In production somebody else migrates PostgreSQL: `fanfare migrate`. */
  readonly mode: 'development' | 'production'
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
}

/** Every schema of a store with these of features: what `fanfare migrate` runs. */
export const allSchemas = (schemas: readonly Schema[]): readonly Schema[] => [
  ...new Set([sealingSchema, journalSchema, ...schemas]),
]

/** @throws FanfareError `unavailable` when it cannot be used, saying what to do */
export const openStore = async (options: OpenStoreOptions): Promise<OpenedStore> => {
  const schemas = allSchemas(options.schemas)
  const backend = openBackend(options)
  try {
    await prepare(backend, { ...options, schemas })
  } catch (error) {
    await backend.close()
    throw error
  }
  return createStore({ ...options, backend, schemas, masters: masterKeys(options.encryptionKeys) })
}

const openBackend = ({ place, clock, log, metrics }: OpenStoreOptions): Backend => {
  if (place.kind === 'postgres') return postgresBackend({ ...place, log, metrics })
  return sqliteBackend({ open: () => place.folder.database('store', { migrations: [] }), place: 'file', clock })
}

/** The file of a data folder has no other process, so that nobody is surprised by its new format. */
const prepare = async (backend: Backend, { schemas, mode, log }: OpenStoreOptions): Promise<void> => {
  if (backend.kind === 'sqlite' || mode === 'development') {
    const ran = await backend.migrate(schemas)
    if (ran.length > 0) log.info({ migrations: ran }, 'the store was migrated')
    return
  }
  const pending = await backend.pending(schemas)
  if (pending.length === 0) return
  throw new FanfareError(
    'unavailable',
    `The database lacks ${pending.length} migrations (${pending.join(', ')}). Run: fanfare migrate`,
  )
}
