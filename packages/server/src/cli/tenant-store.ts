/**
 * The parts of a tenant in the relational store: every table of every schema, whoever owns it. The audit is read as any other
 * table, and erased by nobody here.
 */
import { type Kysely, sql } from 'kysely'
import { auditSchema } from '../features/audit/tables.ts'
import type { OpenedStore } from '../store/create-store.ts'
import { sealingSchema } from '../store/sealing-tables.ts'
import type { Sealer } from '../store/store.ts'
import type { Schema, SealedColumn, Tables } from '../store/tables.ts'
import type { TenantPart, TenantRow } from './tenant-parts.ts'

const pageRows = 1_000

export type StoreParts = {
  readonly store: OpenedStore
  readonly schemas: readonly Schema[]
  readonly tenantId: string
}

/** The tenant's keys come first, and are not exported: without them what was sealed by them is noise, wherever a copy of it is. */
export const storeParts = (parts: StoreParts): readonly TenantPart[] => {
  const keysFirst = [...parts.schemas].sort(
    (one, other) => Number(other === sealingSchema) - Number(one === sealingSchema),
  )
  return keysFirst.flatMap((schema) =>
    schema.tables.map((table) => {
      const of = { ...parts, table, sealed: (schema.sealed ?? []).filter((column) => column.table === table) }
      const isAudit = schema === auditSchema
      return {
        name: `store/${table}`,
        rows: schema === sealingSchema ? () => withoutKeys(of) : () => openRows(of),
        erase: isAudit ? async () => 0 : () => eraseRows(of),
      }
    }),
  )
}

type TableParts = StoreParts & { readonly table: keyof Tables; readonly sealed: readonly SealedColumn[] }

/** The columns that name a row within its tenant. */
const keyOf = async (rows: Kysely<Tables>, { store, table }: TableParts): Promise<readonly string[]> => {
  const asked =
    store.kind === 'sqlite'
      ? sql<{ name: string }>`SELECT name FROM pragma_table_info(${table}) WHERE pk > 0 ORDER BY pk`
      : sql<{ name: string }>`SELECT a.attname AS name FROM pg_index i
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
          WHERE i.indrelid = ${table}::regclass AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum)`
  return (await asked.execute(rows)).rows.map(({ name }) => name).filter((name) => name !== 'tenant_id')
}

const columns = (names: readonly string[]) => sql.join(names.map((name) => sql.ref(name)))

async function* rawRows(parts: TableParts): AsyncGenerator<TenantRow> {
  const { store, table, tenantId } = parts
  let after: readonly unknown[] | undefined
  for (;;) {
    const page = await store.everywhere('read', async (rows) => {
      const key = await keyOf(rows, parts)
      const further = after === undefined ? sql`` : sql`AND (${columns(key)}) > (${sql.join([...after])})`
      const order = key.length === 0 ? sql`` : sql`ORDER BY ${columns(key)}`
      const found = await sql<TenantRow>`SELECT * FROM ${sql.table(table)} WHERE tenant_id = ${tenantId} ${further}
        ${order} LIMIT ${pageRows}`.execute(rows)
      return { key, rows: found.rows }
    })
    yield* page.rows
    const last = page.rows.at(-1)
    if (!last || page.rows.length < pageRows || page.key.length === 0) return
    after = page.key.map((name) => last[name])
  }
}

/** What was sealed is opened. */
async function* openRows(parts: TableParts): AsyncGenerator<TenantRow> {
  const { sealed, store, tenantId } = parts
  let sealer: Sealer | undefined
  for await (const row of rawRows(parts)) {
    const opened: { [column: string]: unknown } = { ...row }
    for (const { text, keyId, key, about } of sealed) {
      const by = row[keyId]
      if (typeof by !== 'string') continue
      // Asked for only now: a tenant without a key would be given one.
      sealer ??= await store.of(tenantId).sealer()
      const named = Object.fromEntries(key.map((column) => [column, row[column]]))
      opened[text] = sealer.open({ text: String(row[text]), keyId: by }, about(named))
      opened[keyId] = null
    }
    yield opened
  }
}

async function* withoutKeys(parts: TableParts): AsyncGenerator<TenantRow> {
  for await (const { wrapped: _, ...row } of rawRows(parts)) yield row
}

const eraseRows = async (parts: TableParts): Promise<number> => {
  const { store, table, tenantId } = parts
  let erased = 0
  for (;;) {
    const gone = await store.everywhere('change', async (rows) => {
      // What was deleted is overwritten, and not only given free.
      if (store.kind === 'sqlite') await sql`PRAGMA secure_delete = ON`.execute(rows)
      const key = await keyOf(rows, parts)
      const own = sql`WHERE tenant_id = ${tenantId}`
      const some =
        key.length === 0
          ? sql``
          : sql`AND (${columns(key)}) IN (SELECT ${columns(key)} FROM ${sql.table(table)} ${own} LIMIT ${pageRows})`
      const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} ${own} ${some}`.execute(rows)
      return Number(numAffectedRows ?? 0n)
    })
    erased += gone
    if (gone < pageRows) return erased
  }
}
