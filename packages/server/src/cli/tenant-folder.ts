/**
 * The parts of a tenant in the data folder of a node that is alone: durable rooms, keys and grants, the cache, sessions that may
 * come back. Of the store's own file, `tenant-store.ts`. A test holds the table here to every table that there is.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../store/sqlite.ts'
import type { TenantPart, TenantRow } from './tenant-parts.ts'

type FolderTable = {
  readonly file: string
  readonly table: string
  /** With `$tenant` and `$prefix`, what the keys of the tenant's rooms begin with. */
  readonly where: string
  /** What an export says. @default all columns */
  readonly select?: string
}

const room = 'substr(key, 1, length($prefix)) = $prefix'
const ofRooms = `room IN (SELECT id FROM room WHERE ${room})`
const inRooms = (columns: string) => `(SELECT key FROM room WHERE room.id = room) AS room, ${columns}`

/** Rows of rooms before the rooms that they are found by. */
export const folderTables: readonly FolderTable[] = [
  { file: 'trust', table: 'api_key', where: 'tenant_id = $tenant', select: 'id, tenant_id, name, scopes, created_at' },
  { file: 'trust', table: 'grant_rule', where: 'tenant_id = $tenant' },
  { file: 'trust', table: 'token_revocation', where: 'tenant_id = $tenant' },
  { file: 'rooms', table: 'event', where: ofRooms, select: inRooms('"offset", at, body') },
  { file: 'rooms', table: 'idempotency', where: ofRooms, select: inRooms('key, at, "offset", id, timestamp') },
  { file: 'rooms', table: 'unreacted', where: ofRooms, select: inRooms('"offset", at, body') },
  { file: 'rooms', table: 'room', where: room },
  { file: 'cache', table: 'cache', where: 'tenant = $tenant' },
  { file: 'leases', table: 'held', where: 'tenant = $tenant' },
  { file: 'leases', table: 'taken', where: 'tenant = $tenant' },
  {
    file: 'sessions',
    table: 'session',
    where: 'tenant = $tenant',
    select: 'id, tenant, user, namespace, rooms, data, until',
  },
]

/** Tables in which no row is a tenant's. */
export const sharedTables: readonly string[] = ['rooms/meta']

export const folderParts = (folder: string, tenantId: string): readonly TenantPart[] =>
  folderTables
    .map((table) => ({ ...table, path: join(folder, `${table.file}.sqlite`) }))
    .filter(({ path }) => existsSync(path))
    .map((table) => ({
      name: `${table.file}/${table.table}`,
      rows: () => readRows(table, tenantId),
      erase: async () => eraseRows(table, tenantId),
    }))

type Placed = FolderTable & { readonly path: string }

/** Only those of the two that the condition names: SQLite takes no others. */
const valuesOf = ({ where }: FolderTable, tenantId: string): { readonly [name: string]: string } =>
  where.includes('$prefix') ? { $prefix: `${tenantId.length}:${tenantId}|` } : { $tenant: tenantId }

async function* readRows(table: Placed, tenantId: string): AsyncGenerator<TenantRow> {
  const database = new DatabaseSync(table.path, { readOnly: true })
  try {
    database.exec('PRAGMA busy_timeout = 5000')
    const query = database.prepare(`SELECT ${table.select ?? '*'} FROM ${table.table} WHERE ${table.where}`)
    for (const row of query.iterate(valuesOf(table, tenantId))) yield { ...row }
  } finally {
    database.close()
  }
}

const eraseRows = (table: Placed, tenantId: string): number => {
  const database = new DatabaseSync(table.path)
  try {
    // What was deleted is overwritten, and not only given free; nor is it left in what was written ahead.
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL')
    const changes = inTransaction(database, () => {
      const gone = database.prepare(`DELETE FROM ${table.table} WHERE ${table.where}`).run(valuesOf(table, tenantId))
      // A room of the same name must not begin again where the erased one did (I4).
      if (table.table === 'room' && Number(gone.changes) > 0) {
        database.exec("UPDATE meta SET value = lower(hex(randomblob(6))) WHERE name = 'epoch'")
      }
      return Number(gone.changes)
    })
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return changes
  } finally {
    database.close()
  }
}
