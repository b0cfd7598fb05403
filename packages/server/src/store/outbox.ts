/**
 * Moves rows of users' own transactions into the journal: a row is gone exactly if its event is there. One node at a time does
 * it for a tenant, so that what a room is told stays in order; nodes share the tenants.
 */
import type { Selectable } from 'kysely'
import type { OpenedStore } from './create-store.ts'
import { epochOfTenant } from './journal.ts'
import type { OutboxTable } from './outbox-tables.ts'
import type { Change, EventDraft, Rows } from './store.ts'

export type OutboxRow = Selectable<OutboxTable>

/** The row as an event, or why it can never be one. */
export type Checked = { readonly ok: true; readonly draft: EventDraft } | { readonly ok: false; readonly error: string }

export type Moved = { readonly published: number; readonly refused: number }

const together = 500
const mostTenants = 100
const errorLength = 500

/** Tenants that have rows. @throws FanfareError `unavailable` */
export const tenantsWaiting = async (store: Pick<OpenedStore, 'everywhere'>): Promise<readonly string[]> => {
  const found = await store.everywhere('read', (rows) =>
    rows
      .selectFrom('fanfare_outbox')
      .select('tenant_id')
      .distinct()
      .where('error', 'is', null)
      .limit(mostTenants)
      .execute(),
  )
  return found.map((row) => row.tenant_id)
}

export type Moving = {
  readonly tenantId: string
  readonly check: (row: OutboxRow) => Promise<Checked>
  /** @default 500 */
  readonly limit?: number
}

/** @returns nothing moved: there was nothing, or another node is at it */
export const moveOutbox = (store: Pick<OpenedStore, 'of'>, { tenantId, check, limit }: Moving): Promise<Moved> =>
  store.of(tenantId).change(async (change) => {
    if (!(await takeTurn(change.rows))) return { published: 0, refused: 0 }
    const rows = await firstWaiting(change.rows, limit ?? together)
    const checked: readonly (readonly [OutboxRow, Checked])[] = await Promise.all(
      rows.map(async (row) => [row, await check(row)] as const),
    )
    return move(change, checked)
  })

const firstWaiting = (rows: Rows, limit: number): Promise<readonly OutboxRow[]> =>
  rows
    .selectFrom('fanfare_outbox')
    .selectAll()
    .where('error', 'is', null)
    .orderBy('seq')
    .limit(limit)
    // Its author may be changing it; then it comes with the next.
    .forUpdate()
    .skipLocked()
    .execute()

/** Puts the first row that waits out of the way of those behind it. @returns its id, where there is one */
export const setAsideFirst = (
  store: Pick<OpenedStore, 'of'>,
  tenantId: string,
  error: string,
): Promise<string | undefined> =>
  store.of(tenantId).change(async ({ rows }) => {
    if (!(await takeTurn(rows))) return undefined
    const [first] = await firstWaiting(rows, 1)
    if (first) await setAside(rows, first.id, error)
    return first?.id
  })

/** All rows of what can be no tenant. */
export const setAsideTenant = (
  store: Pick<OpenedStore, 'everywhere'>,
  tenantId: string,
  error: string,
): Promise<number> =>
  store.everywhere('change', async (rows) => {
    const { numUpdatedRows } = await rows
      .updateTable('fanfare_outbox')
      .set({ error: error.slice(0, errorLength) })
      .where('tenant_id', '=', tenantId)
      .where('error', 'is', null)
      .executeTakeFirst()
    return Number(numUpdatedRows)
  })

const setAside = async (rows: Rows, id: string, error: string): Promise<void> => {
  await rows
    .updateTable('fanfare_outbox')
    .set({ error: error.slice(0, errorLength) })
    .where('id', '=', id)
    .execute()
}

/** The row of the tenant's epoch is the lock: others pass by, and do not wait. */
const takeTurn = async (rows: Rows): Promise<boolean> => {
  await epochOfTenant(rows)
  const turn = await rows.selectFrom('journal_tenant').select('epoch').forUpdate().skipLocked().executeTakeFirst()
  return turn !== undefined
}

const move = async (change: Change, checked: readonly (readonly [OutboxRow, Checked])[]): Promise<Moved> => {
  const drafts: EventDraft[] = []
  const ids: string[] = []
  let refused = 0
  for (const [row, result] of checked) {
    if (result.ok) {
      drafts.push(result.draft)
      ids.push(row.id)
    } else {
      refused++
      await setAside(change.rows, row.id, result.error)
    }
  }
  if (drafts.length > 0) {
    await change.publish(drafts)
    await change.rows.deleteFrom('fanfare_outbox').where('id', 'in', ids).execute()
  }
  return { published: drafts.length, refused }
}
