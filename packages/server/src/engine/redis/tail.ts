/**
 * Where this node is in one room that it listens to: what was delivered, what came too early, which epochs are over. It is
 * told what came, and says what is to be done; it never reads, waits or delivers.
 *
 * What is asked and what is heard is numbered by the node ({@link Tick}): an answer says nothing about a change that was
 * known after its question went out.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Slice } from '../room-log.ts'
import { Early } from './early.ts'

export type Tick = number

/** When the question went out, and when its answer came. All writes of a batch share the question. */
export type Asked = { readonly asked: Tick; readonly now: Tick }

/** In this order: tell the loss, deliver in the tail's epoch, then wait a little for what fills the hole, or repair or compare at once. */
export type Outcome = {
  readonly lost: boolean
  readonly deliver: readonly RoomEvent[]
  readonly next: 'nothing' | 'wait' | 'repair' | 'compare'
}

/** An event of another epoch than the tail's, or word that such an epoch began: a new one, or a straggler of an old one. */
type Foreign = { readonly epoch: string; readonly event: RoomEvent | undefined; readonly at: Tick }

/** The epoch that the room was in, and those that are over. */
export type Before = { readonly epoch?: string; readonly former?: readonly string[] }

const outcome = (next: Outcome['next']): Outcome => ({ lost: false, deliver: [], next })
const nothing = outcome('nothing')
const wait = outcome('wait')
const repair = outcome('repair')
const compare = outcome('compare')

/** Above all that could be in the epoch: whoever is told so lets the room begin in a new one. */
export const endOf = (epoch: string): Position => ({ epoch, offset: Number.MAX_SAFE_INTEGER })

/** Enough for what is in flight while a comparison is; what is dropped is read from the log. */
const foreignLimit = 256
export const formerLimit = 8

export class Tail {
  /** Empty until the baseline is known. */
  epoch = ''
  /** The newest offset that was delivered, or passed over with a loss. */
  top = 0
  /** The highest offset of the epoch that is known to exist. */
  seen = 0
  readonly #early = new Early()
  #foreign: Foreign[] = []
  #former: string[]
  /** An epoch that is over and that the log is in all the same: it was taken back to before its end. */
  #risen: string | undefined
  readonly #before: string | undefined
  #changedAt: Tick = 0
  #changedBy: Tick = 0

  /** @param before what was known of the room's epochs before the baseline was asked for */
  constructor(before: Before = {}) {
    this.#former = [...(before.former ?? [])]
    this.#before = before.epoch
  }

  get former(): readonly string[] {
    return this.#former
  }

  get begun(): boolean {
    return this.epoch !== ''
  }

  /** The highest position that is known. Of an epoch that has risen the end was never heard, so nothing may follow in it. */
  get known(): Position | undefined {
    if (this.#risen !== undefined) return endOf(this.#risen)
    return this.begun ? { epoch: this.epoch, offset: this.seen } : undefined
  }

  /** Something is known to exist that was not delivered. */
  get behind(): boolean {
    return this.top < this.seen
  }

  /** As far as this node knows, it has everything, and the epoch is the room's. */
  get whole(): boolean {
    return this.begun && !this.behind && this.#foreign.length === 0
  }

  /** A message: an event, or (`undefined`) that the epoch began. In order if nothing is lost, so a hole before it is a loss. */
  heard(epoch: string, event: RoomEvent | undefined, now: Tick): Outcome {
    if (epoch === this.epoch) return event ? this.#event(event, repair) : nothing
    if (this.#former.includes(epoch)) return nothing
    return this.#setAside({ epoch, event, at: now })
  }

  /** This node's own write was done. What is missing before it may still be on its way. */
  acknowledged(epoch: string, event: RoomEvent | undefined, answer: Asked): Outcome {
    if (epoch === this.epoch) return event ? this.#event(event, wait) : nothing
    // It may have been done before what has changed the epoch since: only a comparison can tell.
    if (!this.begun || !this.#isNewer(epoch, answer)) return this.#setAside({ epoch, event, at: answer.now })
    if (event === undefined) return this.#adopt({ epoch, offset: 0 }, answer)
    const { deliver } = this.#adopt({ epoch, offset: event.offset - 1 }, answer)
    const after = this.#event(event, wait)
    return { lost: true, deliver: [...deliver, ...after.deliver], next: this.#next() }
  }

  /** Where a comparison found the room. The first gives the baseline. */
  found(position: Position, answer: Asked): Outcome {
    if (position.epoch === this.epoch) {
      this.#risen = undefined
      this.#settleForeign(answer.asked)
      this.seen = Math.max(this.seen, position.offset)
      return outcome(this.#next())
    }
    if (this.#isNewer(position.epoch, answer)) return this.#adopt(position, answer)
    if (this.#isAfterChange(answer)) this.#risen = position.epoch
    return compare
  }

  /** The room was there at some time: a read or a repeat said so. */
  saw({ epoch, offset }: Position): Outcome {
    if (epoch === this.epoch) {
      this.seen = Math.max(this.seen, offset)
      return this.behind ? wait : nothing
    }
    return !this.begun || this.#former.includes(epoch) ? nothing : compare
  }

  /** What was read after `from`, which was the tail's position. If it no longer is, the page is of no use. */
  page(from: Position, slice: Slice, answer: Asked): Outcome {
    if (from.epoch !== this.epoch || from.offset !== this.top) return nothing
    if (slice.ok) {
      if (slice.top.epoch !== this.epoch) return compare
      const deliver = this.#follow(slice.events)
      this.seen = Math.max(this.seen, slice.top.offset)
      return { lost: false, deliver, next: this.#next() }
    }
    if (slice.reason === 'epoch' && this.#isNewer(slice.top.epoch, answer)) return this.#adopt(slice.top, answer)
    if (slice.reason !== 'trimmed' || slice.top.offset <= this.top) return compare
    this.top = slice.top.offset
    this.seen = Math.max(this.seen, this.top)
    return { lost: true, deliver: this.#follow([]), next: this.#next() }
  }

  #event(event: RoomEvent, ifHole: Outcome): Outcome {
    if (event.offset <= this.top) return nothing
    this.seen = Math.max(this.seen, event.offset)
    if (event.offset > this.top + 1) {
      this.#early.keep(event)
      return ifHole
    }
    return { lost: false, deliver: this.#follow([event]), next: this.#next() }
  }

  /** Takes the run right behind the top, and what was early and is next after it. */
  #follow(run: readonly RoomEvent[]): RoomEvent[] {
    const deliver: RoomEvent[] = []
    const take = (event: RoomEvent) => {
      this.top = event.offset
      deliver.push(event)
    }
    for (const event of run) if (event.offset === this.top + 1) take(event)
    for (let next = this.#early.after(this.top); next; next = this.#early.after(this.top)) take(next)
    this.seen = Math.max(this.seen, this.top)
    return deliver
  }

  #next(): Outcome['next'] {
    if (this.#foreign.length > 0) return 'compare'
    return this.behind ? 'wait' : 'nothing'
  }

  /** From here on in another epoch (I4). Also called with the baseline, before which nothing can be lost. */
  #adopt(position: Position, { asked, now }: Asked): Outcome {
    const lost = this.begun
    const before = lost ? this.epoch : this.#before
    if (before !== undefined && before !== position.epoch) this.#end(before)
    this.#risen = undefined
    this.epoch = position.epoch
    this.top = position.offset
    this.seen = position.offset
    this.#changedAt = now
    this.#changedBy = asked
    this.#early.clear()
    for (const { epoch, event } of this.#foreign) {
      if (epoch !== this.epoch || !event || event.offset <= this.top) continue
      this.seen = Math.max(this.seen, event.offset)
      this.#early.keep(event)
    }
    this.#foreign = this.#foreign.filter(({ epoch }) => epoch !== this.epoch)
    this.#settleForeign(asked)
    const deliver = this.#follow([])
    return { lost, deliver, next: this.#next() }
  }

  /** What was heard before the question, whose answer was the tail's epoch, is of epochs that are over. */
  #settleForeign(asked: Tick): void {
    for (const { epoch, at } of this.#foreign) if (at < asked) this.#end(epoch)
    this.#foreign = this.#foreign.filter(({ epoch }) => !this.#former.includes(epoch))
  }

  #setAside(foreign: Foreign): Outcome {
    this.#foreign.push(foreign)
    if (this.#foreign.length > foreignLimit) this.#foreign.shift()
    return this.begun ? compare : nothing
  }

  #isNewer(epoch: string, answer: Asked): boolean {
    return this.#isAfterChange(answer) && !this.#former.includes(epoch)
  }

  #isAfterChange({ asked }: Asked): boolean {
    return asked > this.#changedAt || asked === this.#changedBy
  }

  #end(epoch: string): void {
    if (this.#former.includes(epoch)) return
    this.#former.push(epoch)
    if (this.#former.length > formerLimit) this.#former.shift()
  }
}
