/**
 * Answers reads from the newest events that this node holds of a room it listens to. Only when nothing is known to be
 * missing, and only what the log itself would still give.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { HotWindows, type HotWindowsOptions } from '../hot-windows.ts'
import { pageOf, rangeOf, sliceOf } from '../range.ts'
import { type Entry, walk } from '../ring.ts'
import type { ReadQuery, Slice } from '../room-log.ts'
import { weightOf } from '../weight.ts'
import type { Listened } from './listened.ts'

/** By how much less than its age a window keeps an event: clocks differ, and an event may be heard late. */
const marginMs = 5_000

export type AfterPosition = ReadQuery & { readonly after: Position }

export const isAfterPosition = (query: ReadQuery): query is AfterPosition =>
  'after' in query && typeof query.after === 'object'

export class Windows {
  readonly eventsPerRoom: number
  readonly #windows: HotWindows<Listened>
  readonly #clock: Clock

  constructor(options: HotWindowsOptions, clock: Clock) {
    this.eventsPerRoom = options.eventsPerRoom
    this.#windows = new HotWindows(options)
    this.#clock = clock
  }

  /** Events that follow the window's top. */
  append(room: Listened, events: readonly RoomEvent[]): void {
    const keep = Math.min(room.room.log.keep, this.eventsPerRoom)
    for (const event of events) {
      if (keep > 0) this.#windows.append(room, this.#entry(event))
      else room.hot.skip()
    }
  }

  /** The tail went on from elsewhere: what is held joins nothing any more. */
  restart(room: Listened, top: number): void {
    this.#windows.drop(room)
    room.hot.reset(top)
  }

  drop(room: Listened): void {
    this.#windows.drop(room)
  }

  /** The window may give what it has. */
  trusts({ tail, doubtedAt, ended }: Listened): boolean {
    return tail.whole && doubtedAt === 0 && !ended
  }

  /** Undefined when the log must be asked. */
  answer(room: Listened, query: AfterPosition): Slice | undefined {
    const { tail, hot } = room
    if (!this.trusts(room)) return undefined
    const state = { epoch: tail.epoch, first: this.#firstKept(room), top: hot.top }
    const range = rangeOf(query, state)
    return range.ok ? sliceOf(state, range, pageOf(query, range, walk(hot, range))) : undefined
  }

  /** Whether the log will not give what follows the position, as far as this node knows: too little to say so. */
  mayBeLost({ tail, hot, room }: Listened, { epoch, offset }: Position): boolean {
    return epoch !== tail.epoch || offset > hot.top || offset < hot.top - room.log.keep
  }

  /** Whether the position is below the window, and the window would reach it if it were extended as far down as it may. */
  couldReach({ tail, hot, room }: Listened, { epoch, offset }: Position): boolean {
    const { keep, forMs } = room.log
    const lowest = hot.top - Math.min(this.eventsPerRoom, keep)
    return epoch === tail.epoch && offset < hot.first - 1 && offset >= lowest && forMs > marginMs
  }

  /** A run that was read: what of it is right before the window goes in. */
  extend(room: Listened, slice: Slice): void {
    const { tail, hot } = room
    if (!slice.ok || slice.top.epoch !== tail.epoch || !tail.begun || room.ended) return
    const below = slice.events.filter(({ offset }) => offset < hot.first)
    if (below.at(-1)?.offset !== hot.first - 1) return
    this.#windows.extend(
      room,
      below.map((event) => this.#entry(event)),
    )
  }

  /** The lowest offset of the window that the log certainly keeps too. */
  #firstKept({ hot, room }: Listened): number {
    const { keep, forMs } = room.log
    const since = this.#clock.now() - (forMs - marginMs)
    let first = Math.max(hot.first, hot.top - keep + 1)
    for (let entry = hot.at(first); entry && entry.at <= since; entry = hot.at(first)) first++
    return first
  }

  #entry(event: RoomEvent): Entry {
    const now = this.#clock.now()
    // The log's own time is not known here; the node that took the publish was not later than the log, but for its clock.
    const said = Date.parse(event.timestamp)
    return { event, at: said <= now ? said : now, bytes: 0, weight: weightOf(event) }
  }
}
