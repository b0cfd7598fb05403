/**
 * The highest positions that this node knows of rooms that it does not listen to, because it wrote or read there: what shows
 * that a log was rolled back while nobody listened (I4). The rooms used last; a bounded number.
 */
import type { Position } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { Chain } from '../chain.ts'
import type { Lane } from './broker.ts'
import type { Asked, Tick } from './tail.ts'

type Top = {
  readonly room: LogRoom
  readonly lane: Lane
  position: Position
  changedAt: Tick
  changedBy: Tick
  older: Top | undefined
  newer: Top | undefined
}

export class KnownTops {
  readonly #tops = new Map<RoomKey, Top>()
  readonly #order = new Chain<Top>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  of(room: RoomKey): { readonly room: LogRoom; readonly known: Position } | undefined {
    const top = this.#tops.get(room)
    return top && { room: top.room, known: top.position }
  }

  /** The room was at least there when it was asked. */
  learn(room: LogRoom, lane: Lane, { position, asked, now }: Asked & { readonly position: Position }): void {
    const top = this.#tops.get(room.key)
    if (!top) {
      this.#add({ room, lane, position, changedAt: now, changedBy: asked, older: undefined, newer: undefined })
      return
    }
    this.#order.touch(top)
    if (position.epoch === top.position.epoch) {
      if (position.offset > top.position.offset) top.position = position
    } else if (asked > top.changedAt || asked === top.changedBy) {
      top.position = position
      top.changedAt = now
      top.changedBy = asked
    }
  }

  /** As `learn`, if the room is still known. */
  correct(room: RoomKey, position: Position, answer: Asked): void {
    const top = this.#tops.get(room)
    if (top) this.learn(top.room, top.lane, { position, ...answer })
  }

  forget(room: RoomKey): void {
    const top = this.#tops.get(room)
    if (!top) return
    this.#tops.delete(room)
    this.#order.remove(top)
  }

  *inLane(lane: Lane): Generator<RoomKey> {
    for (const [key, top] of this.#tops) if (top.lane === lane) yield key
  }

  #add(top: Top): void {
    this.#tops.set(top.room.key, top)
    this.#order.add(top)
    const { oldest } = this.#order
    if (this.#tops.size > this.#most && oldest) this.forget(oldest.room.key)
  }
}
