/** Opens the store of a node, in the data folder or in PostgreSQL. Migrates it where that is safe, and does not open it where it is behind. */
import { FanfareError } from '@fanfare/protocol'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Backend } from './backend.ts'
import { createStore, type OpenedStore } from './create-store.ts'
import type { DataFolder } from './data-folder.ts'
import { journalSchema } from './journal-tables.ts'
import { masterKeys } from './master-keys.ts'
import { outboxSchema } from './outbox-tables.ts'
import { type PostgresBackend, postgresBackend } from './postgres/backend.ts'
import { risksOf } from './postgres/inspect.ts'
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
  /** How long PostgreSQL is waited for, which may start at the same time. @default 10000 */
  readonly reachMs?: number
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
}

/** Every schema of a store with these of features: what `fanfare migrate` runs. */
export const allSchemas = (schemas: readonly Schema[]): readonly Schema[] => [
  ...new Set([sealingSchema, journalSchema, outboxSchema, ...schemas]),
]

/** @throws FanfareError `unavailable` when it cannot be used, saying what to do */
export const openStore = async (options: OpenStoreOptions): Promise<OpenedStore> => {
  const schemas = allSchemas(options.schemas)
  const opened = openBackend(options)
  try {
    await prepare(opened, { ...options, schemas })
  } catch (error) {
    await opened.backend.close()
    throw error
  }
  return createStore({ ...options, backend: opened.backend, schemas, masters: masterKeys(options.encryptionKeys) })
}

type Opened = { readonly backend: Backend; readonly postgres?: PostgresBackend }

const openBackend = ({ place, clock, log, metrics }: OpenStoreOptions): Opened => {
  if (place.kind === 'postgres') {
    const postgres = postgresBackend({ ...place, log, metrics })
    return { backend: postgres, postgres }
  }
  const open = () => place.folder.database('store', { migrations: [] })
  return { backend: sqliteBackend({ open, place: 'file', clock }) }
}

/** The file of a data folder has no other process, so that nobody is surprised by its new format. */
const prepare = async ({ backend, postgres }: Opened, options: OpenStoreOptions): Promise<void> => {
  const { schemas, mode, log } = options
  if (postgres) await examine(postgres, options)
  if (postgres === undefined || mode === 'development') {
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

/** What may be lost or seen is told once, by every node; it is no reason not to start. */
const examine = async (postgres: PostgresBackend, { log, reachMs = 10_000 }: OpenStoreOptions): Promise<void> => {
  const deadline = performance.now() + reachMs
  for (let tries = 1; ; tries++) {
    try {
      for (const risk of risksOf(await postgres.inspect())) log.warn({}, risk)
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      if (tries === 1) log.warn({ error, forMs: reachMs }, 'PostgreSQL does not answer yet; it is waited for')
      await new Promise<void>((resolve) => void systemClock.after(250, resolve))
    }
  }
}
