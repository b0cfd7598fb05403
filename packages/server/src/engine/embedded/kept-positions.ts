/** Where the logs of evicted rooms had come to, so that a quiet room does not look like a lost one. Bounded by count and age. */
import type { Position } from '@fanfare/protocol'
import type { RoomKey } from '../../model/room-key.ts'
import { Chain } from '../chain.ts'

type Kept = {
  readonly room: RoomKey
  readonly position: Position
  readonly until: number
  older: Kept | undefined
  newer: Kept | undefined
}

export type KeptPositionsOptions = { readonly most: number; readonly forMs: number }

export class KeptPositions {
  readonly #kept = new Map<RoomKey, Kept>()
  /** By eviction, which is the order of expiry too. */
  readonly #order = new Chain<Kept>()
  readonly #options: KeptPositionsOptions

  constructor(options: KeptPositionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#kept.size
  }

  keep(room: RoomKey, position: Position, now: number): void {
    this.#remove(this.#kept.get(room))
    const until = now + this.#options.forMs
    const kept: Kept = { room, position, until, older: undefined, newer: undefined }
    this.#kept.set(room, kept)
    this.#order.add(kept)
    this.expire(now)
  }

  /** Gives the position back and forgets it; undefined means that the room must begin a new epoch (I4). */
  take(room: RoomKey, now: number): Position | undefined {
    const kept = this.#kept.get(room)
    this.#remove(kept)
    return kept !== undefined && kept.until > now ? kept.position : undefined
  }

  expire(now: number): void {
    for (let oldest = this.#order.oldest; oldest; oldest = this.#order.oldest) {
      if (oldest.until > now && this.#kept.size <= this.#options.most) return
      this.#remove(oldest)
    }
  }

  #remove(kept: Kept | undefined): void {
    if (!kept) return
    this.#kept.delete(kept.room)
    this.#order.remove(kept)
  }
}
