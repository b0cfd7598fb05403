/** Reads a room's journal as `RoomLog` says it is read (I5), in one moment of the store. */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Selectable } from 'kysely'
import { pageOf, type Range, rangeOf, sliceOf } from '../engine/range.ts'
import type { Sized } from '../engine/ring.ts'
import type { ReadQuery, Slice } from '../engine/room-log.ts'
import { eventOfRow } from './journal-rows.ts'
import type { JournalTable } from './journal-tables.ts'
import type { Rows, Sealer } from './store.ts'

export type JournalReading = {
  readonly tenantId: string
  readonly sealer: Sealer
  /** Events that are not younger are gone, whether they were deleted yet or not; ms since 1970, -Infinity for none. */
  readonly since: number
}

/** Rows fetched at a time: a page that is bounded in bytes ends long before its limit where events are large. */
const fetchedRows = 200

/** @returns undefined where the tenant has no epoch yet, which a change must make first: `epochOfTenant` */
export const readJournal = async (
  rows: Rows,
  { room, query }: { readonly room: string; readonly query: ReadQuery },
  reading: JournalReading,
): Promise<Slice | undefined> => {
  const top = await positionOf(rows, room)
  if (!top) return undefined
  // Which is the first that is kept will show by the rows.
  const state = { epoch: top.epoch, first: 1, top: top.offset }
  const range = rangeOf(query, state)
  if (!range.ok) return { ok: false, reason: range.reason, top }
  if (range.from > range.to) return sliceOf(state, range, [])
  const page = new Page(rows, { room, range, reading })
  const limit = Math.max(1, query.limit)
  const entries = await page.fetch(limit, query.maxBytes ?? Number.POSITIVE_INFINITY)
  if (isTrimmed(query, range, entries[0]?.event.offset)) return { ok: false, reason: 'trimmed', top }
  const events = pageOf(query, range, entries)
  return { ok: true, events, top, more: events.length < entries.length || !page.ended }
}

/** Where the room stands; undefined where not even the tenant has an epoch yet. */
export const positionOf = async (rows: Rows, room: string): Promise<Position | undefined> => {
  const stand = await rows
    .selectFrom('journal_room')
    .select(['epoch', 'top'])
    .where('room', '=', room)
    .executeTakeFirst()
  if (stand) return { epoch: stand.epoch!, offset: stand.top }
  const tenant = await rows.selectFrom('journal_tenant').select('epoch').executeTakeFirst()
  return tenant && { epoch: tenant.epoch, offset: 0 }
}

/** What is right after the position, or right before it, is not kept (I5). */
const isTrimmed = (
  query: ReadQuery,
  { from, to, forwards }: Range & { ok: true },
  first: number | undefined,
): boolean => {
  const asked = 'after' in query ? query.after : query.before
  return typeof asked === 'object' && first !== (forwards ? from : to)
}

type Asked = { readonly room: string; readonly range: Range & { ok: true }; readonly reading: JournalReading }

/** Rows from one end of the range, in the direction read, as many as a page needs and one more. */
class Page {
  /** There is nothing further in the direction read. */
  ended = false
  readonly #rows: Rows
  readonly #asked: Asked

  constructor(rows: Rows, asked: Asked) {
    this.#rows = rows
    this.#asked = asked
  }

  async fetch(limit: number, maxBytes: number): Promise<readonly Sized[]> {
    const entries: Sized[] = []
    let bytes = 0
    while (entries.length <= limit && bytes <= maxBytes && !this.ended) {
      const count = Math.min(fetchedRows, limit + 1 - entries.length)
      const found = await this.#next(entries.at(-1)?.event, count)
      this.ended = found.length < count
      for (const row of found) {
        const event = eventOfRow(row, this.#asked.reading)
        const entry = { event, bytes: Buffer.byteLength(JSON.stringify(event)) }
        bytes += entry.bytes
        entries.push(entry)
      }
    }
    return entries
  }

  #next(last: RoomEvent | undefined, count: number): Promise<readonly Selectable<JournalTable>[]> {
    const { room, range, reading } = this.#asked
    const { forwards } = range
    const from = last && forwards ? last.offset + 1 : range.from
    const to = last && !forwards ? last.offset - 1 : range.to
    let select = this.#rows
      .selectFrom('journal')
      .selectAll()
      .where('room', '=', room)
      .where('offset', '>=', from)
      .where('offset', '<=', to)
    if (Number.isFinite(reading.since)) select = select.where('at', '>', reading.since)
    return select
      .orderBy('offset', forwards ? 'asc' : 'desc')
      .limit(count)
      .execute()
  }
}
