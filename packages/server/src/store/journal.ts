/**
 * Appends to the journals of rooms, inside a change: a few statements for any number of events. The rows of `journal_room` are
 * the locks, taken in one order by everybody; who holds a room's gives its events the next offsets (S3).
 */
import { FanfareError } from '@fanfare/protocol'
import { type Ids, shortId } from '../lib/ids.ts'
import { insertAll } from './insert-all.ts'
import { journalEventOfRow } from './journal-rows.ts'
import { journalAbout } from './journal-tables.ts'
import type { EventDraft, JournalEvent, Rows, Sealer } from './store.ts'

export type JournalParts = {
  readonly tenantId: string
  /** ms since 1970. */
  readonly now: number
  readonly ids: Ids
  readonly sealer: Sealer
}

/** Rows of one statement: databases bound how many values it may carry. */
const mostRows = 1_000

/** Where a room stands once it was given its new events. */
type Stand = { readonly epoch: string; readonly top: number; readonly at: number }

/** One event for each draft, in their order: the new one, or that which had the key before. */
export const appendToJournal = async (
  rows: Rows,
  drafts: readonly EventDraft[],
  parts: JournalParts,
): Promise<readonly JournalEvent[]> => {
  if (drafts.length === 0) return []
  const fresh = new Fresh(drafts)
  const stands = await takeRooms(rows, fresh.counts(), parts)
  const earlier = fresh.hasKeys ? await readEarlier(rows, drafts, { stands, parts }) : new Map<string, JournalEvent>()
  const repeats = fresh.without(earlier)
  if (repeats.size > 0) await giveBack(rows, repeats)
  const placed = placeAll(fresh.drafts, { stands, repeats, parts })
  await insertEvents(rows, placed, parts)
  const byDraft = new Map(placed.map(({ draft, event }) => [draft, event]))
  return drafts.map((draft) => {
    const first = fresh.firstOf(draft)
    return byDraft.get(first) ?? earlier.get(nameOfKey(first))!
  })
}

const nameOfKey = ({ room, key }: EventDraft): string => `${room} ${key}`

/** The drafts that may be new: of those with one key, the first. */
class Fresh {
  drafts: readonly EventDraft[]
  readonly #byKey = new Map<string, EventDraft>()

  constructor(drafts: readonly EventDraft[]) {
    this.drafts = drafts.filter((draft) => {
      if (draft.key === undefined) return true
      const name = nameOfKey(draft)
      if (this.#byKey.has(name)) return false
      this.#byKey.set(name, draft)
      return true
    })
  }

  get hasKeys(): boolean {
    return this.#byKey.size > 0
  }

  firstOf(draft: EventDraft): EventDraft {
    return draft.key === undefined ? draft : this.#byKey.get(nameOfKey(draft))!
  }

  /** How many for each room, the rooms in the order in which everybody locks them. */
  counts(): ReadonlyMap<string, number> {
    return countRooms(this.drafts)
  }

  /** Lets go of those that were there before; how many of each room that were. */
  without(earlier: ReadonlyMap<string, JournalEvent>): ReadonlyMap<string, number> {
    if (earlier.size === 0) return new Map()
    const repeated = (draft: EventDraft) => draft.key !== undefined && earlier.has(nameOfKey(draft))
    const repeats = countRooms(this.drafts.filter(repeated))
    this.drafts = this.drafts.filter((draft) => !repeated(draft))
    return repeats
  }
}

const countRooms = (drafts: readonly EventDraft[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { room } of drafts) counts.set(room, (counts.get(room) ?? 0) + 1)
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Locks the rooms and raises their tops, as if nothing of it were a repeat. */
const takeRooms = async (
  rows: Rows,
  counts: ReadonlyMap<string, number>,
  parts: JournalParts,
): Promise<ReadonlyMap<string, Stand>> => {
  const stands = new Map<string, Stand>()
  const values = [...counts].map(([room, count]) => ({
    room,
    epoch: null,
    top: count,
    sent: 0,
    at: parts.now,
    waiting_since: parts.now,
  }))
  for (let begin = 0; begin < values.length; begin += mostRows) {
    const taken = await insertAll(rows, 'journal_room', values.slice(begin, begin + mostRows))
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'room']).doUpdateSet((eb) => ({
          top: eb('journal_room.top', '+', eb.ref('excluded.top')),
          at: eb
            .case()
            .when('journal_room.at', '>', eb.ref('excluded.at'))
            .then(eb.ref('journal_room.at'))
            .else(eb.ref('excluded.at'))
            .end(),
          waiting_since: eb.fn.coalesce('journal_room.waiting_since', 'excluded.waiting_since'),
        })),
      )
      .returning(['room', 'epoch', 'top', 'at'])
      .execute()
    const begun = taken.filter(({ epoch }) => epoch === null).map(({ room }) => room)
    const named = begun.length === 0 ? undefined : await nameEpoch(rows, begun)
    for (const { room, epoch, top, at } of taken) stands.set(room, { epoch: (epoch ?? named)!, top, at })
  }
  return stands
}

/** Asked once the rooms are locked: a tenant that was erased meanwhile has another epoch by now. */
const nameEpoch = async (rows: Rows, rooms: readonly string[]): Promise<string> => {
  const epoch = await epochOfTenant(rows)
  await rows.updateTable('journal_room').set({ epoch }).where('room', 'in', rooms).execute()
  return epoch
}

/** The epoch of the tenant's rooms that have no event yet, minted where there was none: inside a change. */
export const epochOfTenant = async (rows: Rows): Promise<string> => {
  const known = await rows.selectFrom('journal_tenant').select('epoch').executeTakeFirst()
  if (known) return known.epoch
  await rows
    .insertInto('journal_tenant')
    .values({ epoch: shortId() })
    .onConflict((conflict) => conflict.columns(['tenant_id']).doNothing())
    .execute()
  const { epoch } = await rows.selectFrom('journal_tenant').select('epoch').executeTakeFirstOrThrow()
  return epoch
}

type Placing = { readonly stands: ReadonlyMap<string, Stand>; readonly parts: JournalParts }

/** What the keys were given to before. After the rooms are locked, so that nobody else can be giving them now. */
const readEarlier = async (
  all: Rows,
  drafts: readonly EventDraft[],
  { stands, parts }: Placing,
): Promise<ReadonlyMap<string, JournalEvent>> => {
  const earlier = new Map<string, JournalEvent>()
  for (const { rooms, keys } of questionsOf(drafts)) {
    const found = await all
      .selectFrom('journal')
      .selectAll()
      .where('room', 'in', rooms)
      .where('key', 'in', keys)
      .execute()
    for (const row of found) {
      const { epoch } = stands.get(row.room)!
      earlier.set(`${row.room} ${row.key}`, journalEventOfRow(row, epoch, parts))
    }
  }
  return earlier
}

/** Databases look for every key in every room of one question. */
const mostLookups = 1_000

type Question = { readonly rooms: readonly string[]; readonly keys: readonly string[] }

/** Drafts of few rooms at a time, so that few are looked for where they cannot be. */
const questionsOf = (drafts: readonly EventDraft[]): readonly Question[] => {
  const questions: { readonly rooms: Set<string>; readonly keys: Set<string> }[] = []
  for (const [room, some] of Map.groupBy(drafts, (draft) => draft.room)) {
    for (const { key } of some) {
      if (key === undefined) continue
      const last = questions.at(-1)
      const full = !last || (last.rooms.size + 1) * (last.keys.size + 1) > mostLookups
      if (full) questions.push({ rooms: new Set([room]), keys: new Set([key]) })
      else {
        last.rooms.add(room)
        last.keys.add(key)
      }
    }
  }
  return questions.map(({ rooms, keys }) => ({ rooms: [...rooms], keys: [...keys] }))
}

const giveBack = async (rows: Rows, repeats: ReadonlyMap<string, number>): Promise<void> => {
  for (const [room, count] of repeats) {
    await rows
      .updateTable('journal_room')
      .set((eb) => ({
        top: eb('top', '-', count),
        waiting_since: eb
          .case()
          .when(eb('top', '-', count), '<=', eb.ref('sent'))
          .then(null)
          .else(eb.ref('waiting_since'))
          .end(),
      }))
      .where('room', '=', room)
      .execute()
  }
}

type Placed = { readonly draft: EventDraft; readonly event: JournalEvent; readonly at: number }

const placeAll = (
  drafts: readonly EventDraft[],
  { stands, repeats, parts }: Placing & { readonly repeats: ReadonlyMap<string, number> },
): readonly Placed[] => {
  const next = new Map<string, number>()
  for (const [room, count] of countRooms(drafts)) {
    next.set(room, stands.get(room)!.top - (repeats.get(room) ?? 0) - count + 1)
  }
  return drafts.map((draft) => {
    const { epoch, at } = stands.get(draft.room)!
    const offset = next.get(draft.room)!
    next.set(draft.room, offset + 1)
    const { type, room, userId, data, depth = 0 } = draft
    const event = {
      id: draft.id ?? parts.ids(parts.now),
      type,
      tenantId: parts.tenantId,
      room,
      offset,
      ...(userId === undefined ? {} : { userId }),
      data: typeof data === 'function' ? data(offset) : data,
      timestamp: new Date(at).toISOString(),
      epoch,
      ...(depth === 0 ? {} : { depth }),
    }
    return { draft, event, at }
  })
}

const insertEvents = async (rows: Rows, placed: readonly Placed[], parts: JournalParts): Promise<void> => {
  for (let begin = 0; begin < placed.length; begin += mostRows) {
    const values = placed.slice(begin, begin + mostRows).map(({ draft, event, at }) => {
      const { text, keyId } = parts.sealer.seal(toText(event), journalAbout(event.id))
      return {
        room: event.room,
        offset: event.offset,
        id: event.id,
        type: event.type,
        user_id: event.userId ?? null,
        data: text,
        key_id: keyId,
        at,
        key: draft.key ?? null,
        depth: event.depth ?? 0,
      }
    })
    await insertAll(rows, 'journal', values).execute()
  }
}

const toText = ({ room, type, data }: JournalEvent): string => {
  const text: string | undefined = JSON.stringify(data)
  if (text !== undefined) return text
  throw new FanfareError('invalid_payload', `The data of ${type} in ${room} is not JSON.`)
}
