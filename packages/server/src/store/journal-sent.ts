/**
 * What of the journal was handed on, and what waits. A room's `sent` rises over a run of events only when all before it were
 * sent too, so that what a node that died had in hand is never passed over.
 */

import type { Selectable } from 'kysely'
import { insertAll } from './insert-all.ts'
import { journalEventOfRow } from './journal-rows.ts'
import type { JournalRoomTable } from './journal-tables.ts'
import type { JournalEvent, Rows, Sealer, Store } from './store.ts'

/** A run of a room's events, both ends in it. */
export type Run = { readonly room: string; readonly epoch: string; readonly from: number; readonly to: number }

/** A run that is done with, and how long its events are kept from then on; `undefined`: the journal was only their way out. */
export type SentRun = Run & { readonly archive: { readonly forMs: number } | undefined }

export type UnsentRoom = {
  readonly room: string
  readonly epoch: string
  readonly sent: number
  readonly top: number
  readonly waitingSince: number
}

/** Rooms whose next event has been waiting since then or longer, the longest first. */
export const readUnsent = async (
  rows: Rows,
  { waitingSince, limit }: { readonly waitingSince: number; readonly limit: number },
): Promise<readonly UnsentRoom[]> => {
  const found = await rows
    .selectFrom('journal_room')
    .select(['room', 'epoch', 'sent', 'top', 'waiting_since'])
    .where('waiting_since', '<=', waitingSince)
    .orderBy('waiting_since')
    .limit(limit)
    .execute()
  return found.map(({ room, epoch, sent, top, waiting_since: since }) => ({
    room,
    epoch: epoch!,
    sent,
    top,
    waitingSince: since!,
  }))
}

/** Takes over a room that waited: of all nodes that saw the same, one does. */
export const claimUnsent = async (
  rows: Rows,
  { room, sent, waitingSince }: UnsentRoom,
  now: number,
): Promise<boolean> => {
  const claimed = await rows
    .updateTable('journal_room')
    .set({ waiting_since: now })
    .where('room', '=', room)
    .where('waiting_since', '=', waitingSince)
    .where('sent', '=', sent)
    .executeTakeFirst()
  return claimed.numUpdatedRows > 0n
}

export type UnsentReading = { readonly tenantId: string; readonly sealer: Sealer; readonly limit: number }

/** The next events after `after`, as the room stands. */
export const readEventsAfter = async (
  rows: Rows,
  { room, after }: { readonly room: string; readonly after: number },
  reading: UnsentReading,
): Promise<readonly JournalEvent[]> => {
  const stand = await rows.selectFrom('journal_room').select('epoch').where('room', '=', room).executeTakeFirst()
  if (!stand) return []
  const found = await rows
    .selectFrom('journal')
    .selectAll()
    .where('room', '=', room)
    .where('offset', '>', after)
    .orderBy('offset')
    .limit(reading.limit)
    .execute()
  return found.map((row) => journalEventOfRow(row, stand.epoch!, reading))
}

export type Noting = {
  readonly kind: Store['kind']
  readonly now: number
  /** What becomes of rooms that somebody else writes to: they are passed by, or (for one room alone) waited for. */
  readonly locked: 'passes' | 'waits'
  /** How long a room that keeps no archive remembers its keys. */
  readonly keyMs: number
}

/**
 * Notes runs that were sent, at most one a room. What comes back was not noted: an event before it is still in somebody's
 * hand, or the room is being written to just now.
 */
export const noteSent = async (rows: Rows, runs: readonly SentRun[], noting: Noting): Promise<readonly SentRun[]> => {
  const free = await lockFree(rows, runs, noting)
  const ready = runs.filter((run) => isReady(run, free.get(run.room)))
  if (ready.length > 0) await raise(rows, ready, { ...noting, free })
  const outlets = ready.filter(({ archive }) => archive === undefined)
  if (outlets.length > 0) await deleteUnkeyed(rows, outlets)
  return runs.filter((run) => !ready.includes(run) && !isOver(run, free.get(run.room)))
}

type Stand = Pick<Selectable<JournalRoomTable>, 'room' | 'epoch' | 'top' | 'sent' | 'at' | 'due'>

/**
 * Where those rooms stand that nobody else holds. Waiting for them could be for each other, since who appends takes them in
 * another order; on SQLite there is nobody else.
 */
const lockFree = async (rows: Rows, runs: readonly Run[], { kind }: Noting): Promise<ReadonlyMap<string, Stand>> => {
  let select = rows
    .selectFrom('journal_room')
    .select(['room', 'epoch', 'top', 'sent', 'at', 'due'])
    .where(
      'room',
      'in',
      runs.map(({ room }) => room),
    )
  if (kind === 'postgres') select = select.forNoKeyUpdate().skipLocked()
  return new Map((await select.execute()).map((stand) => [stand.room, stand]))
}

const isReady = ({ epoch, from, to }: Run, stand: Stand | undefined): boolean =>
  stand !== undefined && stand.epoch === epoch && stand.sent >= from - 1 && stand.sent < to

/** Somebody else noted it, or the room was erased meanwhile. */
const isOver = ({ epoch, to }: Run, stand: Stand | undefined): boolean =>
  stand !== undefined && (stand.epoch !== epoch || stand.sent >= to)

/** The rooms are held, and all of them are there: nothing is inserted. */
const raise = async (
  rows: Rows,
  runs: readonly SentRun[],
  { free, now, keyMs }: Noting & { readonly free: ReadonlyMap<string, Stand> },
): Promise<void> => {
  const values = runs.map(({ room, to, archive }) => {
    const stand = free.get(room)!
    const dueAt = now + (archive?.forMs ?? keyMs)
    return {
      ...stand,
      sent: to,
      waiting_since: stand.top > to ? now : null,
      due: stand.due ?? (Number.isFinite(dueAt) ? dueAt : null),
    }
  })
  await insertAll(rows, 'journal_room', values)
    .onConflict((conflict) =>
      conflict.columns(['room']).doUpdateSet((eb) => ({
        sent: eb.ref('excluded.sent'),
        waiting_since: eb.ref('excluded.waiting_since'),
        due: eb.ref('excluded.due'),
      })),
    )
    .execute()
}

/** What has no key is of no use any more. */
const deleteUnkeyed = async (rows: Rows, runs: readonly SentRun[]): Promise<void> => {
  for (const { room, to } of runs) {
    await rows
      .deleteFrom('journal')
      .where('room', '=', room)
      .where('offset', '<=', to)
      .where('key', 'is', null)
      .execute()
  }
}

/** Says that somebody still has these runs in hand, so that nobody takes them over. */
export const renewWaiting = async (rows: Rows, runs: readonly Run[], now: number): Promise<void> => {
  for (const { room, epoch, from } of runs) {
    await rows
      .updateTable('journal_room')
      .set({ waiting_since: now })
      .where('room', '=', room)
      .where('epoch', '=', epoch)
      .where('sent', '>=', from - 1)
      .where('waiting_since', 'is not', null)
      .execute()
  }
}
