/**
 * Which memory rooms give way when there are too many events or too many rooms: those that were used the longest ago.
 * Knows their order, their number and the weight of their events; what giving way means is the log's affair.
 */
import type { LogPolicy } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { Chain } from '../chain.ts'
import { Ring } from '../ring.ts'
import type { KeysOfRoom } from './recent-keys.ts'

export type MemoryRoom = {
  readonly key: RoomKey
  readonly epoch: string
  readonly ring: Ring
  policy: LogPolicy
  keys: KeysOfRoom | undefined
  /** The weight of the ring when it was last counted. */
  counted: number
  /** Whether it was among those with events when it was last counted. */
  full: boolean
  older: MemoryRoom | undefined
  newer: MemoryRoom | undefined
}

export type MemoryRoomsOptions = {
  /** What the events of all rooms may weigh, about bytes. */
  readonly bytes: number
  /** Rooms that are known at a time, but for those that somebody listens to. */
  readonly rooms: number
  readonly listensTo: (room: RoomKey) => boolean
}

/** Rooms looked at for one that may leave; rooms with listeners, which may not, are passed over and come last again. */
const tries = 8

export class MemoryRooms {
  readonly #options: MemoryRoomsOptions
  readonly #rooms = new Map<RoomKey, MemoryRoom>()
  /** Two chains, so that freeing bytes never walks over rooms that have none. */
  readonly #full = new Chain<MemoryRoom>()
  readonly #empty = new Chain<MemoryRoom>()
  #bytes = 0

  constructor(options: MemoryRoomsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#rooms.size
  }

  /** What the events of all rooms weigh. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: RoomKey): MemoryRoom | undefined {
    return this.#rooms.get(key)
  }

  values(): IterableIterator<MemoryRoom> {
    return this.#rooms.values()
  }

  add(room: Pick<MemoryRoom, 'key' | 'epoch' | 'policy'> & { readonly top: number }): MemoryRoom {
    const { key, epoch, policy, top } = room
    const links = { older: undefined, newer: undefined }
    const ring = new Ring(top)
    const added: MemoryRoom = { key, epoch, policy, ring, keys: undefined, counted: 0, full: false, ...links }
    this.#rooms.set(key, added)
    this.#empty.add(added)
    return added
  }

  remove(room: MemoryRoom): void {
    this.#rooms.delete(room.key)
    this.#chainOf(room).remove(room)
    this.#bytes -= room.counted
  }

  /** Counts its events again, which may be more or fewer now. */
  count(room: MemoryRoom): void {
    const { weight, length } = room.ring
    this.#bytes += weight - room.counted
    room.counted = weight
    if (length > 0 === room.full) return
    this.#chainOf(room).remove(room)
    room.full = length > 0
    this.#chainOf(room).add(room)
  }

  /** It was used just now: others give way before it does. */
  touch(room: MemoryRoom): void {
    this.#chainOf(room).touch(room)
  }

  /** Lets the oldest events of the rooms used the longest ago go, until the rest may stay. Each goes once, so it is O(1) over time. */
  fit(): void {
    for (let room = this.#full.oldest; room && this.#bytes > this.#options.bytes; room = this.#full.oldest) {
      room.ring.shift()
      this.count(room)
    }
  }

  /** When there is no place for one more room: one that can be spared. Those without events first. */
  spared(): MemoryRoom | undefined {
    if (this.#rooms.size < this.#options.rooms) return undefined
    for (const chain of [this.#empty, this.#full]) {
      for (let count = 0; count < tries && chain.oldest; count++) {
        const room = chain.oldest
        if (!this.#options.listensTo(room.key)) return room
        chain.touch(room)
      }
    }
    return undefined
  }

  #chainOf(room: MemoryRoom): Chain<MemoryRoom> {
    return room.full ? this.#full : this.#empty
  }
}
