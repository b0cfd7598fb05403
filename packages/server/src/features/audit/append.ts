/**
 * Puts entries at the end of a tenant's chain, inside a transaction of the store. The head of the chain is locked first, so
 * that nodes which append at once do so one after another, and none takes the same end for its own.
 */
import { insertAll } from '../../store/insert-all.ts'
import type { Rows } from '../../store/store.ts'
import { type ChainEnd, type ChainRow, chainOn, chainStart, type KeptEntry } from './chain.ts'

export type Appending = {
  readonly tenantId: string
  readonly entries: readonly KeptEntry[]
  /** When the end is to be signed at the latest, ms since 1970, unless an earlier time is set already. */
  readonly dueAt: number
}

/** The chain's end afterwards, and how many of its rows are not signed. */
export type Appended = ChainEnd & { readonly unsigned: number }

export const append = async (rows: Rows, { tenantId, entries, dueAt }: Appending): Promise<Appended> => {
  const head = await rows
    .insertInto('audit_head')
    .values({ number: entries.length, hash: chainStart.hash, signed: 0, due_at: dueAt })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet((row) => ({
        number: row('audit_head.number', '+', row.ref('excluded.number')),
        // Whichever is sooner; null is a comparison that is not true.
        due_at: row
          .case()
          .when('audit_head.due_at', '<', row.ref('excluded.due_at'))
          .then(row.ref('audit_head.due_at'))
          .else(row.ref('excluded.due_at'))
          .end(),
      })),
    )
    .returning(['number', 'hash', 'signed'])
    .executeTakeFirstOrThrow()
  const end = { number: Number(head.number) - entries.length, hash: head.hash }
  const chained = chainOn(tenantId, end, entries)
  if (chained.length > 0) await insertAll(rows, 'audit_entry', chained.map(columnsOf)).execute()
  const last = chained.at(-1) ?? end
  await rows.updateTable('audit_head').set({ hash: last.hash }).execute()
  return { number: last.number, hash: last.hash, unsigned: last.number - Number(head.signed) }
}

const columnsOf = ({ number, at, action, actorKind, actorId, subject, detail, hash }: ChainRow) => ({
  number,
  at,
  action,
  actor_kind: actorKind,
  actor_id: actorId,
  subject,
  detail,
  hash,
})
