/** Digests: what comes of one kind within a while is one row that counts up, and one notification when the while is over. */
import type { Store } from '../../store/store.ts'
import { type Content, openSealed, sealContent } from './content.ts'
import { changeInbox, type InboxChange, type InboxParts } from './inbox-parts.ts'
import { type Arrival, place } from './place.ts'
import { wayOf } from './preferences.ts'
import { readSaid } from './said.ts'

export type Gathered = {
  readonly userId: string
  readonly kind: string
  readonly content: Content
  readonly forMs: number
}

/** The while begins with the first and is not made longer by what comes later; the newest is what the digest says. */
export const gather = async (within: InboxChange, gathered: readonly Gathered[]): Promise<void> => {
  if (gathered.length === 0) return
  const { parts, change } = within
  const now = parts.clock.now()
  const byRow = Map.groupBy(gathered, ({ userId, kind }) => `${userId.length}:${userId}|${kind}`)
  const values = [...byRow.values()].map((all) => {
    const { userId, kind, content, forMs } = all.at(-1)!
    const id = parts.ids(now)
    const sealed = sealContent(change.sealer, content, { table: 'inbox_digest', id })
    return { user_id: userId, kind, id, ...sealed, count: all.length, due_at: now + forMs }
  })
  await change.rows
    .insertInto('inbox_digest')
    .values(values.sort((one, other) => (one.user_id < other.user_id ? -1 : 1)))
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id', 'kind']).doUpdateSet((eb) => ({
        id: eb.ref('excluded.id'),
        content: eb.ref('excluded.content'),
        key_id: eb.ref('excluded.key_id'),
        count: eb('inbox_digest.count', '+', eb.ref('excluded.count')),
      })),
    )
    .execute()
}

const atOnce = 100
/** How long a digest that cannot be told, such as for want of a key, is left alone. */
const laterMs = 10 * 60_000

/**
 * Tells what is due. A digest's row goes in the transaction in which its notification comes, so that it is told once, whoever
 * else is at it and whoever dies.
 *
 * @returns whether there may be more
 */
export const releaseDigests = async (parts: InboxParts, tenantId: string): Promise<boolean> => {
  const due = await dueIn(parts.store, tenantId, parts.clock.now())
  if (due.length === 0) return false
  try {
    await release(parts, tenantId, due)
  } catch (error) {
    // One that cannot be told must not keep the others back.
    if (due.length === 1) throw error
    for (const one of due) await releaseOrLeave(parts, tenantId, one)
  }
  return due.length === atOnce
}

type Due = { readonly user_id: string; readonly kind: string }

const dueIn = (store: Store, tenantId: string, now: number): Promise<readonly Due[]> =>
  store
    .of(tenantId)
    .read((rows) =>
      rows
        .selectFrom('inbox_digest')
        .select(['user_id', 'kind'])
        .where('due_at', '<=', now)
        .orderBy('due_at')
        .limit(atOnce)
        .execute(),
    )

const releaseOrLeave = async (parts: InboxParts, tenantId: string, one: Due): Promise<void> => {
  try {
    await release(parts, tenantId, [one])
  } catch (error) {
    parts.log.error({ error, tenantId }, 'a digest cannot be told; it is tried again in 10 minutes')
    const due_at = parts.clock.now() + laterMs
    await parts.store
      .of(tenantId)
      .change(({ rows }) =>
        rows
          .updateTable('inbox_digest')
          .set({ due_at })
          .where('user_id', '=', one.user_id)
          .where('kind', '=', one.kind)
          .execute(),
      )
  }
}

const release = (parts: InboxParts, tenantId: string, due: readonly Due[]): Promise<void> =>
  changeInbox(parts, tenantId, async (within) => {
    const { rows } = within.change
    // Others of the same users and kinds that are due may go with them.
    const users = [...new Set(due.map(({ user_id }) => user_id))]
    const taken = await rows
      .deleteFrom('inbox_digest')
      .where('user_id', 'in', users)
      .where('kind', 'in', [...new Set(due.map(({ kind }) => kind))])
      .where('due_at', '<=', parts.clock.now())
      .returning(['user_id', 'kind', 'id', 'content', 'key_id', 'count'])
      .execute()
    if (taken.length === 0) return
    const said = await readSaid(rows, users)
    const arrivals = taken.flatMap((row): readonly Arrival[] => {
      const { inbox, push } = wayOf(row.kind, said.get(row.user_id), parts.settings.preferences)
      if (!inbox && !push) return []
      const content = openSealed(within.change.sealer, row, { table: 'inbox_digest', id: row.id })
      return [{ userId: row.user_id, kind: row.kind, content, count: row.count, hidden: !inbox, push }]
    })
    await place(within, arrivals)
  })
