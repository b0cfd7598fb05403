/**
 * The rooms that are not durable: their logs live in this process and end with it, so their epochs do too (I4). Appending
 * and delivering are one synchronous step (I2). Rooms that fell quiet leave only their position behind.
 */
import { shortId } from '../../lib/ids.ts'
import type { LogPolicy, LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Draft, Published, ReadQuery, Slice } from '../room-log.ts'
import type { Delivery } from './delivery.ts'
import { KeptPositions } from './kept-positions.ts'
import { pageOf, rangeOf, sliceOf } from './range.ts'
import { RecentKeys } from './recent-keys.ts'
import { Ring, walk } from './ring.ts'

export type MemoryLogOptions = {
  readonly delivery: Delivery
  readonly idempotencyMs: number
  /** Positions of evicted rooms that are remembered. */
  readonly keptPositions: number
  readonly keptForMs: number
}

type MemoryRoom = {
  readonly key: RoomKey
  readonly epoch: string
  readonly ring: Ring
  policy: LogPolicy
  keys: RecentKeys | undefined
}

/** Rooms looked at in one sweep: a sweep must not hold up the node, however many rooms it has. */
const sweepRooms = 20_000

export class MemoryLog {
  readonly #rooms = new Map<RoomKey, MemoryRoom>()
  readonly #kept: KeptPositions
  readonly #options: MemoryLogOptions
  #sweeping: IterableIterator<MemoryRoom> | undefined

  constructor(options: MemoryLogOptions) {
    this.#options = options
    this.#kept = new KeptPositions({ most: options.keptPositions, forMs: options.keptForMs })
  }

  /** Rooms whose logs are in memory, evicted ones not counted. */
  get size(): number {
    return this.#rooms.size
  }

  publish(
    room: LogRoom,
    draft: Draft,
    { key, now }: { readonly key: string | undefined; readonly now: number },
  ): Published {
    const state = this.#open(room, now)
    const { ring, epoch } = state
    if (key !== undefined) {
      const earlier = state.keys?.find(key, now - this.#options.idempotencyMs)
      if (earlier) return { ...earlier, duplicate: true }
    }
    const event = { ...draft, offset: ring.top + 1 }
    if (room.log.keep > 0) ring.append({ event, at: now, bytes: 0 })
    else ring.skip()
    ring.trim(room.log.keep, now - room.log.forMs)
    const published: Published = { event, epoch, durability: 'memory', duplicate: false }
    if (key !== undefined) {
      state.keys ??= new RecentKeys()
      state.keys.add(key, published, now)
    }
    this.#options.delivery.deliver(room.key, epoch, event)
    return published
  }

  read(room: LogRoom, query: ReadQuery, now: number): Slice {
    const { ring, epoch } = this.#open(room, now)
    ring.trim(room.log.keep, now - room.log.forMs)
    const state = { epoch, first: ring.first, top: ring.top }
    const range = rangeOf(query, state)
    if (!range.ok) return { ...range, top: { epoch, offset: ring.top } }
    return sliceOf(state, range, pageOf(query, range, walk(ring, range)))
  }

  forget(room: LogRoom, now: number): void {
    this.#rooms.delete(room.key)
    this.#kept.take(room.key, now)
    this.#options.delivery.lost(room.key)
  }

  /** Lets go of what is too old, a share of the rooms at a time. */
  sweep(now: number): void {
    this.#kept.expire(now)
    this.#sweeping ??= this.#rooms.values()
    for (let count = 0; count < sweepRooms; count++) {
      const next = this.#sweeping.next()
      if (next.done) {
        this.#sweeping = undefined
        return
      }
      this.#tidy(next.value, now)
    }
  }

  #open(room: LogRoom, now: number): MemoryRoom {
    const known = this.#rooms.get(room.key)
    if (known) {
      known.policy = room.log
      return known
    }
    const { epoch, offset } = this.#kept.take(room.key, now) ?? { epoch: shortId(), offset: 0 }
    const state: MemoryRoom = { key: room.key, epoch, ring: new Ring(offset), policy: room.log, keys: undefined }
    this.#rooms.set(room.key, state)
    return state
  }

  #tidy(state: MemoryRoom, now: number): void {
    const { key, epoch, ring, policy } = state
    ring.trim(policy.keep, now - policy.forMs)
    state.keys?.expire(now - this.#options.idempotencyMs)
    if (state.keys?.size === 0) state.keys = undefined
    if (ring.length > 0 || state.keys !== undefined || this.#options.delivery.listensTo(key)) return
    this.#rooms.delete(key)
    this.#kept.keep(key, { epoch, offset: ring.top }, now)
  }
}
