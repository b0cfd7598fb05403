/**
 * The idempotency keys of memory rooms, each with what a repeat needs to be answered and never with the event.
 * Bounded by age, by number for a room and by number for all; what is too many is forgotten oldest first.
 *
 * What the bounds mean: a repeat is told from a new publish for the whole window as long as no more keyed publishes than
 * `perRoom` (in all: `inAll`) came within it. Beyond that rate the window gets shorter, and a repeat that comes later than
 * that many other publishes is appended as an event of its own. Retries come within seconds; at the defaults they
 * are told up to 2,000 keyed publishes a second in one room with a retry after 10 s.
 */

import { Chain } from '../chain.ts'
import type { Receipt } from '../room-log.ts'

export type RecentKeysOptions = {
  readonly perRoom: number
  readonly inAll: number
}

type Kept = Pick<Receipt, 'id' | 'offset' | 'timestamp'>

type Recent = Kept & {
  readonly key: string
  readonly at: number
  readonly room: KeysOfRoom
  /** The one after it in its room. */
  next: Recent | undefined
  /** Its neighbours among those of all rooms. */
  older: Recent | undefined
  newer: Recent | undefined
}

/** The keys of one room. Whatever is forgotten is the room's oldest, so that one link to the next is enough. */
export type KeysOfRoom = { readonly byKey: Map<string, Recent>; oldest: Recent | undefined; newest: Recent | undefined }

export class RecentKeys {
  readonly #options: RecentKeysOptions
  readonly #all = new Chain<Recent>()
  #size = 0

  constructor(options: RecentKeysOptions) {
    this.#options = options
  }

  /** How many keys are remembered, over all rooms. */
  get size(): number {
    return this.#size
  }

  ofRoom(): KeysOfRoom {
    return { byKey: new Map(), oldest: undefined, newest: undefined }
  }

  find({ byKey }: KeysOfRoom, key: string, since: number): Kept | undefined {
    const recent = byKey.get(key)
    return recent !== undefined && recent.at > since ? recent : undefined
  }

  /** The key must not be one that `find` would still find. `at` never falls. */
  add(room: KeysOfRoom, key: string, { id, offset, timestamp, at }: Kept & { readonly at: number }): void {
    // One that has just expired may wait for the sweep behind others as old as itself.
    while (room.byKey.has(key) || room.byKey.size >= this.#options.perRoom) this.#forgetOldest(room)
    const recent: Recent = { key, id, offset, timestamp, at, room, next: undefined, older: undefined, newer: undefined }
    if (room.newest) room.newest.next = recent
    else room.oldest = recent
    room.newest = recent
    room.byKey.set(key, recent)
    this.#all.add(recent)
    this.#size++
    if (this.#size > this.#options.inAll) this.#forgetOldest(this.#all.oldest!.room)
  }

  expire(since: number): void {
    for (let oldest = this.#all.oldest; oldest && oldest.at <= since; oldest = this.#all.oldest) {
      this.#forgetOldest(oldest.room)
    }
  }

  forget(room: KeysOfRoom): void {
    while (room.oldest) this.#forgetOldest(room)
  }

  #forgetOldest(room: KeysOfRoom): void {
    const { oldest } = room
    if (!oldest) return
    room.oldest = oldest.next
    if (!room.oldest) room.newest = undefined
    room.byKey.delete(oldest.key)
    this.#all.remove(oldest)
    this.#size--
  }
}
