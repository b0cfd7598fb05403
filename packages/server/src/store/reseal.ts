/** Seals the texts of a table anew, batch by batch, beside those who read and write them. Knows tables only by what schemas declare of them. */
import { type Kysely, sql } from 'kysely'
import type { Rows, Sealer, TenantStore } from './store.ts'
import type { SealedColumn } from './tables.ts'

export type Resealing = {
  /** Has the old keys and seals by the new one. */
  readonly sealer: Sealer
  /** The new one. */
  readonly keyId: string
  /** So many more are done. */
  readonly onRows: (rows: number) => void
}

/** Rows of one transaction: others want the database too. */
const batch = 500

type Row = { readonly [column: string]: string | number | null }
/** The tables that are declared are known by name only. */
type AnyRows = Kysely<{ readonly [table: string]: Row }>
const anyRows = (rows: Rows): AnyRows => rows as unknown as AnyRows

/** In one pass over the table; rows that come meanwhile are sealed by the new key already. Texts that stand open are sealed too. */
export const resealTable = async (tenant: TenantStore, column: SealedColumn, resealing: Resealing): Promise<void> => {
  let after: Row | undefined
  do {
    const page = await tenant.read((rows) => readPage(anyRows(rows), column, after))
    const due = page.filter((row) => row[column.keyId] !== resealing.keyId && row[column.text] !== '')
    if (due.length > 0) await tenant.change(({ rows }) => writePage(anyRows(rows), column, { due, resealing }))
    if (due.length > 0) resealing.onRows(due.length)
    after = page.length === batch ? page.at(-1) : undefined
  } while (after !== undefined)
}

const readPage = (
  rows: AnyRows,
  { table, text, keyId, key }: SealedColumn,
  after: Row | undefined,
): Promise<readonly Row[]> => {
  const place = sql`(${sql.join(key.map((name) => sql.ref(name)))})`
  let query = rows.selectFrom(table).select([...key, text, keyId])
  if (after) query = query.where(sql<boolean>`${place} > (${sql.join(key.map((name) => after[name]))})`)
  for (const name of key) query = query.orderBy(name)
  return query.limit(batch).execute()
}

type Page = { readonly due: readonly Row[]; readonly resealing: Resealing }

/** Only where the row still says what was read: who changed it meanwhile has sealed it. */
const writePage = async (rows: AnyRows, column: SealedColumn, { due, resealing }: Page): Promise<void> => {
  const { table, text, keyId, key } = column
  for (const row of due) {
    const about = column.about(row)
    const opened = resealing.sealer.open({ text: String(row[text]), keyId: row[keyId] as string | null }, about)
    const sealed = resealing.sealer.seal(opened, about)
    let update = rows.updateTable(table).set({ [text]: sealed.text, [keyId]: sealed.keyId })
    for (const name of [...key, text]) update = update.where(name, '=', row[name] ?? null)
    await update.execute()
  }
}

export const countSealedBy = async (rows: Rows, sealed: readonly SealedColumn[], id: string): Promise<number> => {
  let count = 0
  for (const { table, keyId } of sealed) {
    const { used } = await anyRows(rows)
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('used'))
      .where(keyId, '=', id)
      .executeTakeFirstOrThrow()
    count += used
  }
  return count
}
