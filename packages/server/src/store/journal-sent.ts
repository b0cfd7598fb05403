/**
 * What of the journal was handed on, and what waits. A room's `sent` rises over a run of events only when all before it were
 * sent too, so that what a node that died had in hand is never passed over.
 */

import { journalEventOfRow } from './journal-rows.ts'
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
  if (ready.length > 0) await raise(rows, ready, noting)
  const outlets = ready.filter(({ archive }) => archive === undefined)
  if (outlets.length > 0) await deleteUnkeyed(rows, outlets)
  return runs.filter((run) => !ready.includes(run) && !isOver(run, free.get(run.room)))
}

type Stand = { readonly epoch: string | null; readonly sent: number }

/**
 * Where those rooms stand that nobody else holds. Waiting for them could be for each other, since who appends takes them in
 * another order; on SQLite there is nobody else.
 */
const lockFree = async (
  rows: Rows,
  runs: readonly Run[],
  { kind, locked }: Noting,
): Promise<ReadonlyMap<string, Stand>> => {
  let select = rows
    .selectFrom('journal_room')
    .select(['room', 'epoch', 'sent'])
    .where(
      'room',
      'in',
      runs.map(({ room }) => room),
    )
  if (kind === 'postgres') select = locked === 'passes' ? select.forNoKeyUpdate().skipLocked() : select.forNoKeyUpdate()
  return new Map((await select.execute()).map((stand) => [stand.room, stand]))
}

const isReady = ({ epoch, from, to }: Run, stand: Stand | undefined): boolean =>
  stand !== undefined && stand.epoch === epoch && stand.sent >= from - 1 && stand.sent < to

/** Somebody else noted it, or the room was erased meanwhile. */
const isOver = ({ epoch, to }: Run, stand: Stand | undefined): boolean =>
  stand !== undefined && (stand.epoch !== epoch || stand.sent >= to)

const raise = async (rows: Rows, runs: readonly SentRun[], { now, keyMs }: Noting): Promise<void> => {
  const rooms = runs.map(({ room }) => room)
  await rows
    .updateTable('journal_room')
    .set((eb) => {
      const [first, ...others] = runs
      let sent = eb.case('room').when(first!.room).then(first!.to)
      for (const { room, to } of others) sent = sent.when(room).then(to)
      return { sent: sent.else(eb.ref('sent')).end() }
    })
    .where('room', 'in', rooms)
    .execute()
  await rows
    .updateTable('journal_room')
    .set((eb) => ({ waiting_since: eb.case().when('top', '>', eb.ref('sent')).then(now).else(null).end() }))
    .where('room', 'in', rooms)
    .execute()
  // Most rooms share one age; each age costs a statement.
  const byAge = Map.groupBy(runs, ({ archive }) => archive?.forMs ?? keyMs)
  for (const [forMs, some] of byAge) {
    if (!Number.isFinite(forMs)) continue
    await rows
      .updateTable('journal_room')
      .set({ due: now + forMs })
      .where(
        'room',
        'in',
        some.map(({ room }) => room),
      )
      .where('due', 'is', null)
      .execute()
  }
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
