/**
 * An archived room that this node listens to: which events were delivered, which wait for those before them, and the newest
 * ones at hand. Owns no timer and reads nothing.
 *
 * What is at hand may reach further than what was delivered (it was read, or committed here), never the other way round. Only
 * what was delivered makes a later one a repeat: whoever began to listen in between waits for it.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { HotWindows } from '../engine/hot-windows.ts'
import { pageOf, rangeOf, sliceOf } from '../engine/range.ts'
import { Ring, walk } from '../engine/ring.ts'
import type { ReadQuery, Slice } from '../engine/room-log.ts'
import { weightOf } from '../engine/weight.ts'
import type { LogRoom } from '../model/room.ts'

/** `lost`: it is of another epoch than all before it. */
export type Heard = 'delivered' | 'repeated' | 'waits' | 'lost'

export type JournaledRoomOptions = {
  readonly room: LogRoom
  readonly windows: HotWindows<JournaledRoom>
  readonly deliver: (epoch: string, event: RoomEvent) => void
  /** Events that wait for one before them. */
  readonly mostWaiting: number
}

export class JournaledRoom {
  readonly room: LogRoom
  /** The newest events at hand, right up to its top. */
  readonly hot = new Ring()
  /** Rises with each redaction: what was read before must not be kept after. */
  version = 0
  /** It is listened to no more. */
  ended = false
  readonly #options: JournaledRoomOptions
  readonly #waiting = new Map<number, RoomEvent>()
  #epoch: string | undefined
  /** The engine has begun to listen: what is at hand before may be overtaken by events that nobody hears. */
  #listens = false
  /** There is something at hand. */
  #knows = false
  /** A read that began after the engine listened found no more than is at hand: what is heard may be older than the newest. */
  #isSure = false
  /** The highest offset that was heard of, at hand or not. */
  #ahead = 0
  /** The last offset delivered since this node began to listen, or lost its place. */
  #last: number | undefined

  constructor(options: JournaledRoomOptions) {
    this.room = options.room
    this.#options = options
  }

  /** Up to where all was delivered; undefined while nothing was. */
  get delivered(): Position | undefined {
    return this.#epoch === undefined || this.#last === undefined
      ? undefined
      : { epoch: this.#epoch, offset: this.#last }
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  get listens(): boolean {
    return this.#listens
  }

  /** From now on every later event is heard. */
  begin(): void {
    if (this.#listens) return
    this.#listens = true
    this.#forgetHot()
  }

  hear(epoch: string, event: RoomEvent, now: number): Heard {
    if (this.#epoch !== undefined && epoch !== this.#epoch) {
      if (this.#last !== undefined) return 'lost'
      this.#forgetHot()
    }
    this.#epoch = epoch
    const { offset } = event
    if (this.#last !== undefined && offset <= this.#last) return 'repeated'
    if (this.#last === undefined || offset === this.#last + 1) {
      this.#deliver(event, now)
      this.#deliverWaiting(now)
      return 'delivered'
    }
    this.#ahead = Math.max(this.#ahead, offset)
    if (this.#waiting.size < this.#options.mostWaiting) this.#waiting.set(offset, event)
    return 'waits'
  }

  /** It stands in the journal, whether or not it was delivered yet. */
  know(epoch: string, event: RoomEvent, now: number): void {
    if (this.ended || (this.#epoch !== undefined && epoch !== this.#epoch)) return
    if (this.#knows && event.offset <= this.hot.top) return
    this.#epoch = epoch
    if (!this.#knows || event.offset > this.hot.top + 1) this.#restartHot(event.offset - 1)
    this.#options.windows.append(this, { event, at: at(event, now), bytes: 0, weight: weightOf(event) })
  }

  /** A run of the journal that was read when the room's version was the given one. */
  learn(
    slice: Slice,
    asked: { readonly version: number; readonly after: number | undefined; readonly now: number },
  ): void {
    if (!slice.ok || this.ended || asked.version !== this.version) return
    const { events, top } = slice
    if (this.#epoch !== undefined && this.#epoch !== top.epoch) return
    const first = events[0]?.offset ?? top.offset + 1
    const last = events.at(-1)?.offset ?? top.offset
    if (events.length === 0 && asked.after !== undefined && asked.after !== top.offset) return
    if (!this.#knows) {
      // Only what reaches the top says where the room stands.
      if (last !== top.offset) return
      this.#epoch = top.epoch
      this.#restartHot(first - 1)
    }
    const isNear = last >= this.hot.first - 1 && first <= this.hot.top + 1
    if (isNear) this.#join(slice.events, top.epoch, asked.now)
    if (this.#listens && this.hot.top >= top.offset) this.#isSure = true
  }

  /** Takes a run that touches what is at hand. */
  #join(events: readonly RoomEvent[], epoch: string, now: number): void {
    const below = events.filter(({ offset }) => offset < this.hot.first && offset <= this.hot.top)
    if (below.at(-1)?.offset === this.hot.first - 1) {
      this.#options.windows.extend(
        this,
        below.map((event) => ({ event, at: at(event, now), bytes: 0, weight: weightOf(event) })),
      )
    }
    for (const event of events) this.know(epoch, event, now)
  }

  /** From what is at hand; undefined when the store must be asked. @param since events that are not younger are not at hand */
  answer(query: ReadQuery, since: number): Slice | undefined {
    if (!this.#isSure || this.#epoch === undefined || this.#ahead > this.hot.top) return undefined
    if (!('after' in query) || query.after === 'earliest') return undefined
    let { first } = this.hot
    for (let entry = this.hot.at(first); entry && entry.at <= since; entry = this.hot.at(first)) first++
    const state = { epoch: this.#epoch, first, top: this.hot.top }
    const range = rangeOf(query, state)
    return range.ok ? sliceOf(state, range, pageOf(query, range, walk(this.hot, range))) : undefined
  }

  /** Earlier events say something else now. */
  redact(): void {
    this.version++
    this.#options.windows.drop(this)
  }

  /** What was heard joins nothing any more: it begins anew, as if it had just begun to listen. */
  lose(): void {
    this.#forgetHot()
    this.#waiting.clear()
    this.#epoch = undefined
    this.#last = undefined
  }

  end(): void {
    this.ended = true
    this.lose()
  }

  #deliver(event: RoomEvent, now: number): void {
    this.#last = event.offset
    this.know(this.#epoch!, event, now)
    this.#options.deliver(this.#epoch!, event)
  }

  #deliverWaiting(now: number): void {
    for (const offset of this.#waiting.keys()) if (offset <= this.#last!) this.#waiting.delete(offset)
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.delete(next.offset)
      this.#deliver(next, now)
    }
  }

  #next(): RoomEvent | undefined {
    return this.#last === undefined ? undefined : this.#waiting.get(this.#last + 1)
  }

  #restartHot(top: number): void {
    this.#options.windows.drop(this)
    this.hot.reset(top)
    this.#knows = true
  }

  #forgetHot(): void {
    this.#options.windows.drop(this)
    this.hot.reset(0)
    this.#knows = false
    this.#isSure = false
    this.#ahead = 0
    this.version++
  }
}

const at = ({ timestamp }: RoomEvent, now: number): number => Math.min(Date.parse(timestamp), now)
