/** All rows of a data folder whose server has stopped, by tenant, as texts that runs have in common. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Plainly } from './plainly.ts'

/** Places in chains and queues, which go by time and not by what was done. */
const volatile = new Set(['tenant_id', 'hash', 'signature', 'public_key', 'sent', 'waiting_since', 'due'])
const ofAudit = new Set([...volatile, 'number'])

type Row = { readonly [column: string]: unknown }

export const tablesOf = (folder: string): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.sqlite'))) {
    const database = new DatabaseSync(join(folder, file), { readOnly: true })
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
    for (const { name } of tables) {
      for (const row of database.prepare(`SELECT * FROM "${name}"`).all() as Row[]) {
        if (typeof row.tenant_id !== 'string' || isElsewhere(name, row)) continue
        const rows = found.get(row.tenant_id) ?? []
        found.set(row.tenant_id, rows)
        rows.push(`${name} ${plainRow(name, row)}`)
      }
    }
    database.close()
  }
  return new Map([...found].map(([tenant, rows]) => [tenant, ordered(rows)]))
}

/** How long a session was is no deed; and a key that is shown where another tenant is meant is told to the audit of its own. */
const isElsewhere = (table: string, { action }: Row): boolean =>
  table === 'api_key' || table === 'audit_head' || action === 'session.closed' || action === 'request.refused'

const plainRow = (table: string, row: Row): string => {
  const left = table.startsWith('audit') ? ofAudit : volatile
  return new Plainly('alike').of(Object.fromEntries(Object.entries(row).filter(([column]) => !left.has(column))))
}

/** Of the audit, what is there and not how often: what is refused again and again is told once a minute. */
const ordered = (rows: Iterable<string>): readonly string[] => {
  const all = [...rows].sort()
  return all.filter((row, index) => !row.startsWith('audit') || row !== all[index - 1])
}
