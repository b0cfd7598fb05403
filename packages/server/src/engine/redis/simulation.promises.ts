/** Holds one node's log to what its port promises, from what went in and what came out. */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Published, ReadQuery, Slice } from '../room-log.ts'
import { nameOf } from './model-server.world.ts'
import type { Ledger } from './simulation.ledger.ts'

export type PromisesOptions = {
  readonly name: string
  readonly ledger: Ledger
  /** Whether the log is in that epoch, and has come so far. */
  readonly reaches: (room: RoomKey, position: Position) => boolean
}

/** Given when something begins, and back when it ends. */
export type Begun = {
  /** The highest that was acknowledged here, unless the log has lost it. */
  readonly acked: Position | undefined
  readonly order: number
  readonly listened: boolean
}

export class Promises {
  /** How often each room was told to be lost. */
  readonly losses = new Map<RoomKey, number>()
  readonly #options: PromisesOptions
  /** Where the log has brought this node; nothing after a loss. */
  readonly #heard = new Map<RoomKey, Position>()
  /** Listened rooms, and what was acknowledged to anybody before that was asked for. */
  readonly #floors = new Map<RoomKey, Position | undefined>()
  /** The highest that was acknowledged here. */
  readonly #acked = new Map<RoomKey, Position>()
  readonly #lastOrder = new Map<RoomKey, { readonly order: number; readonly at: Position }>()
  #order = 0

  constructor(options: PromisesOptions) {
    this.#options = options
  }

  begins(room: RoomKey): Begun {
    const listened = this.#floors.has(room)
    const acked = this.#acked.get(room)
    return { acked: acked && this.#options.reaches(room, acked) ? acked : undefined, order: ++this.#order, listened }
  }

  /** @param floor what was acknowledged to anybody when it was asked for */
  listens(room: RoomKey, floor: Position | undefined): void {
    if (!this.#floors.has(room)) this.#floors.set(room, floor)
  }

  unlistens(room: RoomKey): void {
    this.#floors.delete(room)
    this.#heard.delete(room)
  }

  /** I1 I3: contiguous, nothing of the past. */
  heard(key: RoomKey, epoch: string, event: RoomEvent): void {
    const at = this.#heard.get(key)
    const floor = this.#floors.get(key)
    const what = `hears ${event.room} ${epoch}/${event.offset}`
    if (at && at.epoch !== epoch) this.fault(`${what} in ${at.epoch} without a loss`)
    else if (at && at.offset + 1 !== event.offset) this.fault(`${what} after ${at.offset}`)
    if (floor?.epoch === epoch && event.offset <= floor.offset) this.fault(`${what}, which is older than its listening`)
    this.#heard.set(key, { epoch, offset: event.offset })
    this.#options.ledger.saw(this.#options.name, epoch, event)
  }

  lost(key: RoomKey): void {
    this.losses.set(key, (this.losses.get(key) ?? 0) + 1)
    this.#heard.delete(key)
  }

  /** I2: in the order of the publishes, and delivered here by now if it is next. Of one that repeats another only the receipt is known. */
  acknowledged({ key }: LogRoom, published: Published, begun: Begun): void {
    const { epoch, offset, duplicate } = published
    const room = nameOf(key)
    this.#options.ledger.acknowledged(this.#options.name, { ...published, room })
    const acked = this.#acked.get(key)
    if (acked?.epoch !== epoch || acked.offset < offset) this.#acked.set(key, { epoch, offset })
    if (duplicate) return
    const at = this.#heard.get(key)
    if (begun.listened && at?.epoch === epoch && at.offset === offset - 1)
      this.fault(`${room}: ${epoch}/${offset} is acknowledged, and not delivered though it is next`)
    const last = this.#lastOrder.get(key)
    if (last?.at.epoch === epoch && last.order > begun.order !== last.at.offset > offset)
      this.fault(`${room}: ${epoch}/${offset} is not in the order of the publishes`)
    this.#lastOrder.set(key, { order: begun.order, at: { epoch, offset } })
  }

  /** I5: a contiguous run right behind the position, and nothing left out that was acknowledged here before it was asked for. */
  read(key: RoomKey, query: ReadQuery, { slice, begun }: { readonly slice: Slice; readonly begun: Begun }): void {
    if (!slice.ok) return
    const room = nameOf(key)
    let expected = 'after' in query && typeof query.after === 'object' ? query.after.offset + 1 : undefined
    for (const event of slice.events) {
      if (event.offset !== (expected ?? event.offset))
        this.fault(`a page of ${room} with ${event.offset} for ${expected}`)
      expected = event.offset + 1
      this.#options.ledger.saw(this.#options.name, slice.top.epoch, event)
    }
    const { acked } = begun
    if (acked?.epoch !== slice.top.epoch || !this.#options.reaches(key, acked)) return
    if (slice.top.offset < acked.offset)
      this.fault(`${room} is read to ${slice.top.offset}, acknowledged to ${acked.offset}`)
  }

  fault(what: string): void {
    this.#options.ledger.fault(`${this.#options.name} ${what}`)
  }
}
