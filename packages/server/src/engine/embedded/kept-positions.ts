/** Where the logs of evicted rooms had come to, so that a quiet room does not look like a lost one. Bounded by count and age. */
import type { Position } from '@fanfare/protocol'
import type { RoomKey } from '../../model/room-key.ts'

type Kept = { readonly position: Position; readonly until: number }

export type KeptPositionsOptions = { readonly most: number; readonly forMs: number }

export class KeptPositions {
  /** In the order of eviction, which is the order of expiry too. */
  readonly #kept = new Map<RoomKey, Kept>()
  readonly #options: KeptPositionsOptions

  constructor(options: KeptPositionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#kept.size
  }

  keep(room: RoomKey, position: Position, now: number): void {
    this.#kept.delete(room)
    this.#kept.set(room, { position, until: now + this.#options.forMs })
    this.expire(now)
  }

  /** Gives the position back and forgets it; undefined means that the room must begin a new epoch (I4). */
  take(room: RoomKey, now: number): Position | undefined {
    const kept = this.#kept.get(room)
    this.#kept.delete(room)
    return kept !== undefined && kept.until > now ? kept.position : undefined
  }

  expire(now: number): void {
    for (const [room, kept] of this.#kept) {
      if (kept.until > now && this.#kept.size <= this.#options.most) return
      this.#kept.delete(room)
    }
  }
}
