/**
 * Reads of journals for many at once. A read that has begun is joined by nobody: it may be older than what they know. Those who
 * come meanwhile share the next one, so that a crowd that comes back to a room costs two.
 */
import { FanfareError, type Position } from '@fanfare/protocol'
import { pageOf, rangeOf, sliceOf } from '../engine/range.ts'
import type { Sized } from '../engine/ring.ts'
import type { ReadQuery, Slice } from '../engine/room-log.ts'
import type { Clock } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import { epochOfTenant } from './journal.ts'
import { readJournal } from './journal-read.ts'
import type { JournaledRoom } from './journaled-room.ts'
import type { Store } from './store.ts'

export type JournalReadsOptions = { readonly store: Store; readonly clock: Clock; readonly metrics: Metrics }

/** What is at hand for longer than this is read again: a redaction that a node died over would stay unknown. */
const mostHotMs = 5 * 60_000
/** What one read fetches for all who wait for it. */
const runEvents = 300

type AfterPosition = ReadQuery & { readonly after: Position }
type Waiting = { readonly query: AfterPosition; readonly answer: Deferred<Slice> }

export class JournalReads {
  readonly #options: JournalReadsOptions
  /** The read of a room that has not begun yet, by what it asks for. */
  readonly #next = new Map<string, Promise<Slice>>()
  readonly #underWay = new Map<string, Promise<unknown>>()
  readonly #crowds = new Map<RoomKey, Waiting[]>()

  constructor(options: JournalReadsOptions) {
    this.#options = options
  }

  /** @param heard set where this node listens to the room */
  async read(room: LogRoom, query: ReadQuery, heard?: JournaledRoom): Promise<Slice> {
    // Others may have been acknowledged what this node has yet to hear of.
    if (!heard || heard.ended || !query.live) return this.#shared(room, query, heard)
    const answer = heard.answer(query, this.#hotSince(room))
    if (answer) return answer
    if (isAfterPosition(query)) return this.#withCrowd(heard, query)
    return this.#shared(room, query, heard)
  }

  #hotSince({ log }: LogRoom): number {
    return this.#options.clock.now() - Math.min(log.archive?.forMs ?? 0, mostHotMs)
  }

  #withCrowd(heard: JournaledRoom, query: AfterPosition): Promise<Slice> {
    const waiting: Waiting = { query, answer: deferred() }
    const crowd = this.#crowds.get(heard.room.key)
    if (crowd) crowd.push(waiting)
    else {
      const begun = [waiting]
      this.#crowds.set(heard.room.key, begun)
      void this.#serve(heard, begun)
    }
    return waiting.answer.promise
  }

  /** One read after another, until nobody waits. Never throws. */
  async #serve(heard: JournaledRoom, crowd: Waiting[]): Promise<void> {
    while (crowd.length > 0) {
      const served = crowd.splice(0).filter(({ query, answer }) => {
        const slice = heard.answer(query, this.#hotSince(heard.room))
        if (slice) answer.resolve(slice)
        return !slice
      })
      if (served.length === 0) continue
      try {
        crowd.unshift(...(await this.#serveRun(heard, served)))
      } catch (error) {
        for (const { answer } of served) answer.reject(error)
      }
    }
    this.#crowds.delete(heard.room.key)
  }

  /** Reads what the first wants, and as many others with it as may be; gives back those who must wait for the next. */
  async #serveRun(heard: JournaledRoom, served: readonly Waiting[]): Promise<readonly Waiting[]> {
    const first = served[0]!.query
    const lowest = lowestWith(first, served)
    const limit = Math.max(runEvents, first.limit)
    const slice = await this.#fromStore(heard.room, { ...first, after: lowest, limit }, heard)
    if (!slice.ok && lowest.offset !== first.after.offset) {
      // Somebody further behind cannot be served, and must not spoil it for the first.
      const alone = { ...served[0]!, query: first }
      return [...(await this.#serveRun(heard, [alone])), ...served.slice(1)]
    }
    const run = slice.ok ? runOf(slice, lowest) : undefined
    const left: Waiting[] = []
    for (const waiting of served) {
      const answer = answerFrom(slice, run, { asked: waiting.query, lowest })
      if (answer) waiting.answer.resolve(answer)
      else left.push(waiting)
    }
    // Bounded in bytes, the run may end before the first begins.
    if (left.length === served.length) await this.#serveAlone(heard, left.shift()!)
    return left
  }

  async #serveAlone(heard: JournaledRoom, { query, answer }: Waiting): Promise<void> {
    try {
      answer.resolve(await this.#fromStore(heard.room, query, heard))
    } catch (error) {
      answer.reject(error)
    }
  }

  #shared(room: LogRoom, query: ReadQuery, heard?: JournaledRoom): Promise<Slice> {
    const name = `${room.key} ${nameOf(query)}`
    const next = this.#next.get(name)
    if (next) return next
    const before = this.#underWay.get(name)
    const begin = (): Promise<Slice> => {
      this.#next.delete(name)
      const reading = this.#fromStore(room, query, heard).finally(() => {
        if (this.#underWay.get(name) === reading) this.#underWay.delete(name)
      })
      this.#underWay.set(name, reading)
      return reading
    }
    if (!before) return begin()
    const reading = before.then(begin, begin)
    this.#next.set(name, reading)
    return reading
  }

  async #fromStore(room: LogRoom, query: ReadQuery, heard: JournaledRoom | undefined): Promise<Slice> {
    const { clock, metrics, store } = this.#options
    const { tenantId, name } = roomOfKey(room.key)
    const version = heard?.version ?? 0
    const tenant = store.of(tenantId)
    const sealer = await tenant.sealer()
    metrics.add('fanfare_journal_reads_total')
    const reading = { tenantId, sealer, since: clock.now() - (room.log.archive?.forMs ?? 0) }
    const read = () => tenant.read((rows) => readJournal(rows, { room: name, query }, reading))
    let slice = await read()
    if (!slice) {
      await tenant.change(({ rows }) => epochOfTenant(rows))
      slice = await read()
    }
    if (!slice) throw new FanfareError('unavailable', 'The tenant was erased just now.')
    const after = 'after' in query && typeof query.after === 'object' ? query.after.offset : undefined
    if ('after' in query) heard?.learn(slice, { version, after, now: clock.now() })
    return slice
  }
}

const isAfterPosition = (query: ReadQuery): query is AfterPosition =>
  'after' in query && typeof query.after === 'object'

/** The furthest behind of those who can be served by the run in which the first is. */
const lowestWith = (first: AfterPosition, waiting: readonly Waiting[]): Position => {
  let lowest = first.after
  for (const { query } of waiting) {
    const { after } = query
    const isNear = after.offset > first.after.offset - runEvents
    if (after.epoch === first.after.epoch && after.offset < lowest.offset && isNear) lowest = after
  }
  return lowest
}

/** A slice as something to read from. */
type Run = { readonly from: number; readonly entries: readonly Sized[]; readonly top: Position }

const runOf = ({ events, top }: Slice & { ok: true }, after: Position): Run => ({
  from: after.offset + 1,
  entries: events.map((event) => ({ event, bytes: 0 })),
  top,
})

const answerFrom = (
  slice: Slice,
  run: Run | undefined,
  { asked, lowest }: { readonly asked: AfterPosition; readonly lowest: Position },
): Slice | undefined => {
  if (!run) return isSameFor(slice, asked.after, lowest) ? slice : undefined
  const state = { epoch: run.top.epoch, first: run.from, top: run.top.offset }
  const range = rangeOf(asked, state)
  if (!range.ok) return undefined
  const entries = run.entries.slice(range.from - run.from)
  if (entries.length === 0 && range.from <= range.to) return undefined
  return sliceOf(state, range, pageOf(asked, range, entries))
}

/** Whether what failed for one position fails for the other: what is further behind is trimmed too. */
const isSameFor = (slice: Slice, { epoch, offset }: Position, failed: Position): boolean => {
  if (slice.ok || epoch !== failed.epoch) return false
  return slice.reason === 'trimmed' ? offset <= failed.offset : slice.reason === 'epoch' || offset >= failed.offset
}

const nameOf = (query: ReadQuery): string => {
  const [way, from] = 'after' in query ? ['after', query.after] : ['before', query.before]
  const position = typeof from === 'object' ? `${from.offset} ${from.epoch}` : from
  return `${way} ${query.limit} ${query.maxBytes} ${position}`
}
