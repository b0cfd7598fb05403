/**
 * The highest positions that this node knows of rooms that it does not listen to, because it wrote or read there: what shows
 * that a log was rolled back while nobody listened (I4). The rooms used last; a bounded number.
 */
import type { Position } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { Chain } from '../chain.ts'
import type { Lane } from './broker.ts'
import { type Asked, type Before, endOf, formerLimit, type Tick } from './tail.ts'

type Top = {
  readonly room: LogRoom
  readonly lane: Lane
  position: Position
  /** Epochs that are over, as far as they matter: the last few. */
  former: readonly string[]
  changedAt: Tick
  changedBy: Tick
  older: Top | undefined
  newer: Top | undefined
}

export type Learnt = Asked & { readonly position: Position; readonly former?: readonly string[] }

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

  epochsOf(room: RoomKey): Before {
    const top = this.#tops.get(room)
    return top ? { epoch: top.position.epoch, former: top.former } : {}
  }

  /** The room was at least there when it was asked. False when that cannot be, and the room must be compared. */
  learn(room: LogRoom, lane: Lane, { position, former = [], asked, now }: Learnt): boolean {
    const top = this.#tops.get(room.key)
    if (!top) {
      const links = { older: undefined, newer: undefined }
      this.#add({ room, lane, position, former, changedAt: now, changedBy: asked, ...links })
      return true
    }
    this.#order.touch(top)
    if (position.epoch === top.position.epoch) {
      if (position.offset > top.position.offset) top.position = position
      if (former.length > 0) top.former = union(top.former, former)
      return true
    }
    if (asked <= top.changedAt && asked !== top.changedBy) return true
    const risen = top.former.includes(position.epoch)
    top.former = union(top.former, [...former, top.position.epoch])
    top.position = risen ? endOf(position.epoch) : position
    top.changedAt = now
    top.changedBy = asked
    return !risen
  }

  /** As `learn`, if the room is still known. */
  correct(room: RoomKey, position: Position, answer: Asked): boolean {
    const top = this.#tops.get(room)
    return !top || this.learn(top.room, top.lane, { position, ...answer })
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

const union = (some: readonly string[], more: readonly string[]): readonly string[] =>
  [...new Set([...some, ...more])].slice(-formerLimit)
