/** Opens the store of a configuration to change it, beside nodes that run. Makes none, and owns no verb. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FanfareError } from '@fanfare/protocol'
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { Backend } from '../store/backend.ts'
import { createStore } from '../store/create-store.ts'
import { masterKeys } from '../store/master-keys.ts'
import { allSchemas } from '../store/open-store.ts'
import { describeDatabase } from '../store/postgres/address.ts'
import { postgresBackend } from '../store/postgres/backend.ts'
import { sqliteBackend } from '../store/sqlite/backend.ts'
import { openSqlite } from '../store/sqlite.ts'
import { presentOf, type ReadingParts, type ReadStore } from './store-to-read.ts'
import type { Terminal } from './terminal.ts'

type Place = { readonly terminal: Terminal; readonly config: Config }

const pathOf = ({ terminal, config }: Place): string =>
  join(resolve(terminal.folder, config.dataFolder), 'store.sqlite')

/** For people: never with a password. */
export const nameOfStore = (place: Place): string =>
  place.config.databaseUrl === undefined ? pathOf(place) : describeDatabase(place.config.databaseUrl)

/** Whoever asks closes it. @throws FanfareError `unavailable` */
export const openBackend = (place: Place): Backend => {
  const { databaseUrl: url } = place.config
  if (url !== undefined) return postgresBackend({ url, connections: 4, log: silentLog, metrics: noMetrics })
  // SQLite lets another process write when the node does not.
  const open = () => openSqlite({ path: pathOf(place), migrations: [] })
  return sqliteBackend({ open, place: 'file', clock: systemClock })
}

/** @throws FanfareError `unavailable` when there is none, or it lacks migrations */
export const withStoreToChange = async <Value>(
  parts: ReadingParts,
  work: (opened: ReadStore) => Promise<Value>,
): Promise<Value> => {
  if (parts.config.databaseUrl === undefined && !existsSync(pathOf(parts))) {
    throw new FanfareError('unavailable', `There is no store: ${pathOf(parts)} does not exist.`)
  }
  const backend = openBackend(parts)
  try {
    const schemas = await presentOf(backend, allSchemas(parts.schemas))
    const masters = masterKeys(parts.config.encryptionKeys)
    const common = { clock: systemClock, ids: uuidv7, log: silentLog, metrics: noMetrics }
    return await work({ store: createStore({ backend, schemas, masters, ...common }), schemas })
  } finally {
    await backend.close()
  }
}
