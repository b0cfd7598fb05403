/** Takes things out of the journal: what an event says, a room, a tenant, and what has become too old, a little at a time. */
import { shortId } from '../lib/ids.ts'
import { journalEventOfRow } from './journal-rows.ts'
import { journalAbout } from './journal-tables.ts'
import type { Redaction, Rows, Sealer } from './store.ts'

export const redactJournal = async (
  rows: Rows,
  { room, offsets, data }: Redaction,
  parts: { readonly tenantId: string; readonly sealer: Sealer },
): Promise<void> => {
  if (offsets.length === 0) return
  const stand = await rows.selectFrom('journal_room').select('epoch').where('room', '=', room).executeTakeFirst()
  if (!stand) return
  const found = await rows
    .selectFrom('journal')
    .selectAll()
    .where('room', '=', room)
    .where('offset', 'in', [...offsets])
    .execute()
  for (const row of found) {
    const said = data(journalEventOfRow(row, stand.epoch!, parts))
    const { text, keyId } = parts.sealer.seal(JSON.stringify(said), journalAbout(row.id))
    await rows
      .updateTable('journal')
      .set({ data: text, key_id: keyId })
      .where('room', '=', room)
      .where('offset', '=', row.offset)
      .execute()
  }
}

/**
 * Erases the room's events. It goes on from its beginning in an epoch that never was (I4); where its name is never used again,
 * not even that is kept.
 */
export const eraseRoom = async (
  rows: Rows,
  room: string,
  how: { readonly unique: boolean; readonly now: number },
): Promise<void> => {
  // The room's row first: whoever appends holds it, and is waited for.
  if (how.unique) await rows.deleteFrom('journal_room').where('room', '=', room).execute()
  else {
    const anew = { epoch: shortId(), top: 0, sent: 0, at: how.now, waiting_since: null, due: null }
    await rows
      .insertInto('journal_room')
      .values({ room, ...anew })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'room']).doUpdateSet(anew))
      .execute()
  }
  await rows.deleteFrom('journal').where('room', '=', room).execute()
}

/** Erases all of the tenant's journals: whatever comes later is in other epochs (I4). */
export const eraseTenant = async (rows: Rows): Promise<void> => {
  await rows.deleteFrom('journal_room').execute()
  await rows.deleteFrom('journal').execute()
  await rows.deleteFrom('journal_tenant').execute()
}

/** Rows that one change deletes: others want the database too. */
const batch = 500

/**
 * Deletes a batch of what was sent and is not younger than `until`, and notes when the next is due.
 * @param forMs how long the room's events are kept; Infinity for ever
 */
export const purgeRoom = async (
  rows: Rows,
  room: string,
  { forMs, now }: { readonly forMs: number; readonly now: number },
): Promise<{ readonly deleted: number; readonly more: boolean }> => {
  const stand = await rows.selectFrom('journal_room').select('sent').where('room', '=', room).executeTakeFirst()
  if (!stand) return { deleted: 0, more: false }
  const aged = await rows
    .selectFrom('journal')
    .select(['offset', 'at'])
    .where('room', '=', room)
    .orderBy('offset')
    .limit(batch + 1)
    .execute()
  const old = aged.slice(0, batch).filter(({ offset, at }) => offset <= stand.sent && at <= now - forMs)
  const last = old.at(-1)
  if (last) await rows.deleteFrom('journal').where('room', '=', room).where('offset', '<=', last.offset).execute()
  const oldest = aged[old.length]
  const due = oldest && Number.isFinite(forMs) ? Math.max(oldest.at + forMs, now) : null
  await rows.updateTable('journal_room').set({ due }).where('room', '=', room).execute()
  return { deleted: old.length, more: old.length === batch }
}

/** Rooms in which something has become too old. */
export const readDue = async (
  rows: Rows,
  { atMost, limit }: { readonly atMost: number; readonly limit: number },
): Promise<readonly string[]> => {
  const due = await rows
    .selectFrom('journal_room')
    .select('room')
    .where('due', '<=', atMost)
    .orderBy('due')
    .limit(limit)
    .execute()
  return due.map(({ room }) => room)
}

/** Looks at the room again then. */
export const postponePurge = async (rows: Rows, room: string, until: number): Promise<void> => {
  await rows.updateTable('journal_room').set({ due: until }).where('room', '=', room).execute()
}
