/**
 * The rooms that are not durable: their logs live in this process and end with it, so their epochs do too (I4). Appending
 * and delivering are one synchronous step (I2). Rooms that fell quiet, or are too many, leave only their position behind;
 * events that are too many for memory are trimmed, as if the policy kept fewer (I5).
 */
import { shortId } from '../../lib/ids.ts'
import type { LogRoom } from '../../model/room.ts'
import type { Delivery } from '../delivery.ts'
import { pageOf, rangeOf, sliceOf } from '../range.ts'
import { walk } from '../ring.ts'
import type { Draft, Published, ReadQuery, Slice } from '../room-log.ts'
import { weightOf } from '../weight.ts'
import { KeptPositions } from './kept-positions.ts'
import { type MemoryRoom, MemoryRooms } from './memory-rooms.ts'
import { RecentKeys, type RecentKeysOptions } from './recent-keys.ts'

export type MemoryLogOptions = {
  readonly delivery: Delivery
  readonly idempotencyMs: number
  /** What the events of all rooms may take in memory, about. */
  readonly bytes: number
  /** Rooms known at a time; more, only when somebody listens to them. */
  readonly rooms: number
  readonly keys: RecentKeysOptions
  /** Positions of evicted rooms that are remembered. */
  readonly keptPositions: number
  readonly keptForMs: number
}

/** Rooms looked at in one sweep: a sweep must not hold up the node, however many rooms it has. */
const sweepRooms = 20_000

export class MemoryLog {
  readonly #rooms: MemoryRooms
  readonly #keys: RecentKeys
  readonly #kept: KeptPositions
  readonly #options: MemoryLogOptions
  #sweeping: IterableIterator<MemoryRoom> | undefined

  constructor(options: MemoryLogOptions) {
    const { bytes, rooms, delivery } = options
    this.#options = options
    this.#rooms = new MemoryRooms({ bytes, rooms, listensTo: (room) => delivery.listensTo(room) })
    this.#keys = new RecentKeys(options.keys)
    this.#kept = new KeptPositions({ most: options.keptPositions, forMs: options.keptForMs })
  }

  /** Rooms whose logs are in memory, evicted ones not counted. */
  get size(): number {
    return this.#rooms.size
  }

  /** What the events of all rooms weigh. */
  get bytes(): number {
    return this.#rooms.bytes
  }

  publish(
    room: LogRoom,
    draft: Draft,
    { key, now }: { readonly key: string | undefined; readonly now: number },
  ): Published {
    const state = this.#open(room, now)
    const { ring, epoch } = state
    if (key !== undefined && state.keys) {
      const earlier = this.#keys.find(state.keys, key, now - this.#options.idempotencyMs)
      if (earlier) {
        const { id, offset, timestamp } = earlier
        return { duplicate: true, id, epoch, offset, timestamp, durability: 'memory' }
      }
    }
    const event = { ...draft, offset: ring.top + 1 }
    if (room.log.keep > 0) ring.append({ event, at: now, bytes: 0, weight: weightOf(event) })
    else ring.skip()
    this.#trim(state, now)
    this.#rooms.fit()
    const { id, offset, timestamp } = event
    if (key !== undefined) {
      state.keys ??= this.#keys.ofRoom()
      this.#keys.add(state.keys, key, { id, offset, timestamp, at: now })
    }
    this.#options.delivery.deliver(room.key, epoch, event)
    return { duplicate: false, event, id, epoch, offset, timestamp, durability: 'memory' }
  }

  read(room: LogRoom, query: ReadQuery, now: number): Slice {
    const open = this.#open(room, now)
    const { ring, epoch } = open
    this.#trim(open, now)
    const state = { epoch, first: ring.first, top: ring.top }
    const range = rangeOf(query, state)
    if (!range.ok) return { ...range, top: { epoch, offset: ring.top } }
    return sliceOf(state, range, pageOf(query, range, walk(ring, range)))
  }

  forget(room: LogRoom, now: number): void {
    const known = this.#rooms.get(room.key)
    if (known) this.#remove(known)
    this.#kept.take(room.key, now)
    this.#options.delivery.lost(room.key)
  }

  /** Lets go of what is too old, a share of the rooms at a time. */
  sweep(now: number): void {
    this.#kept.expire(now)
    this.#keys.expire(now - this.#options.idempotencyMs)
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
      this.#rooms.touch(known)
      return known
    }
    const { epoch, offset } = this.#kept.take(room.key, now) ?? { epoch: shortId(), offset: 0 }
    // Before the new one is added, which is used now and must not be the one to leave.
    const spared = this.#rooms.spared()
    if (spared) this.#evict(spared, now)
    return this.#rooms.add({ key: room.key, epoch, policy: room.log, top: offset })
  }

  /** Keeps what the policy keeps. */
  #trim(state: MemoryRoom, now: number): void {
    state.ring.trim(state.policy.keep, now - state.policy.forMs)
    this.#rooms.count(state)
  }

  #tidy(state: MemoryRoom, now: number): void {
    this.#trim(state, now)
    if (state.keys?.byKey.size === 0) state.keys = undefined
    if (state.ring.length > 0 || state.keys !== undefined || this.#options.delivery.listensTo(state.key)) return
    this.#evict(state, now)
  }

  /** Its events and keys go; its position stays, so that who comes back hears of a trimmed log and not of a new one. */
  #evict(state: MemoryRoom, now: number): void {
    const { key, epoch, ring } = state
    this.#remove(state)
    this.#kept.keep(key, { epoch, offset: ring.top }, now)
  }

  #remove(state: MemoryRoom): void {
    if (state.keys) this.#keys.forget(state.keys)
    this.#rooms.remove(state)
  }
}
