/**
 * Who is in which room, over all nodes, in Redis. A change is one script, which tells it in the same step; every node sweeps,
 * so that leases and graces end whoever died (I7). Remembers what this node entered, to say it again where Redis lost it.
 */
import type { Json, Member } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type Metrics, noMetrics } from '../../lib/metrics.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Partition, Redis } from '../../redis/redis.ts'
import type { Presence, PresenceEntry, PresenceSink } from '../presence.ts'
import { canonicalJson } from './canonical-json.ts'
import type { PresenceEar } from './ears.ts'
import { leaseOf } from './presence-keys.ts'
import { PresenceLeases } from './presence-leases.ts'
import { PresenceLives } from './presence-lives.ts'
import { membersOf, type Snapshot } from './presence-message.ts'
import { PresenceRooms } from './presence-rooms.ts'
import { type Done, type Own, PresenceStore } from './presence-store.ts'
import { SharedAnswers } from './shared-answers.ts'
import { Turns } from './turns.ts'

export type RedisPresenceOptions = {
  readonly redis: Redis
  readonly clock: Clock
  readonly log: Log
  /** @default nothing is counted */
  readonly metrics?: Metrics
  /** How long an entry lives without being renewed. @default 20,000 */
  readonly leaseMs?: number
  /** @default 1,000 */
  readonly sweepMs?: number
  /** When no node swept for so long, by the server's time, Redis was away and nobody could renew. @default 3,000 */
  readonly quietMs?: number
  /** How long nothing ends after that, and nobody is told as gone after Redis lost data; nodes renew more often. @default 12,000 */
  readonly mercyMs?: number
}

const defaults = { metrics: noMetrics, leaseMs: 20_000, sweepMs: 1_000, quietMs: 3_000, mercyMs: 12_000 }

export type RedisPresence = Presence & { readonly ear: PresenceEar }

export const createRedisPresence = (options: RedisPresenceOptions): RedisPresence =>
  new PresenceOverNodes({ ...defaults, ...options })

class PresenceOverNodes implements RedisPresence {
  readonly #options: Required<RedisPresenceOptions>
  readonly #store: PresenceStore
  readonly #rooms: PresenceRooms
  readonly #lives: PresenceLives
  readonly #leases: PresenceLeases
  /** What this node entered, by partition and lease. */
  readonly #own = new Map<Partition, Map<string, Own>>()
  /** One after another, however often each is tried: a session that left must not be entered by what was sent before. */
  readonly #turns = new Turns()
  readonly #reads = new SharedAnswers<readonly Member[]>()

  constructor(options: Required<RedisPresenceOptions>) {
    const { redis, clock, log, metrics, mercyMs } = options
    this.#options = options
    this.#store = new PresenceStore(redis, options)
    this.#lives = new PresenceLives({ clock, settleMs: mercyMs })
    this.#rooms = new PresenceRooms({
      clock,
      log,
      metrics,
      read: (room) => this.#snapshot(room),
      settlesIn: (room) => this.#lives.settlesIn(redis.partitionOf(room)),
    })
    this.#leases = new PresenceLeases({
      ...options,
      store: this.#store,
      answered: (partition, { life, done }) => this.#answered(partition, life, done),
      missed: (partition, leases) => this.#hold(partition, leases),
    })
  }

  get ear(): PresenceEar {
    return this.#rooms
  }

  async start(sink: PresenceSink): Promise<() => Promise<void>> {
    this.#rooms.start(sink)
    const stopSweeping = this.#leases.start()
    return async () => {
      stopSweeping()
      this.#rooms.stop()
    }
  }

  async enter(entry: PresenceEntry, state: Json): Promise<void> {
    const lease = leaseOf(entry)
    const own = this.#ownIn(this.#options.redis.partitionOf(entry.room))
    const before = own.get(lease)
    const mine: Own = { entry, state: canonicalJson(state), since: '0' }
    own.set(lease, mine)
    try {
      await this.#turns.take(lease, () => this.#put(mine, 'enter'))
    } catch (error) {
      if (own.get(lease) === mine) {
        if (before) own.set(lease, before)
        else own.delete(lease)
      }
      throw error
    }
  }

  async leave(entry: PresenceEntry, options: { readonly graceMs: number }): Promise<void> {
    const lease = leaseOf(entry)
    const partition = this.#options.redis.partitionOf(entry.room)
    this.#ownIn(partition).delete(lease)
    await this.#turns.take(lease, async () => {
      const { life, done } = await this.#store.leave(entry, options)
      this.#answered(partition, life, done)
    })
  }

  async renew(entries: readonly PresenceEntry[]): Promise<void> {
    await this.#leases.renew(entries)
  }

  /** A crowd that comes back to a room asks for it together; reading many members keeps Redis busy. */
  read(room: RoomKey): Promise<readonly Member[]> {
    return this.#reads.ask(room, () => this.#read(room))
  }

  async #read(room: RoomKey): Promise<readonly Member[]> {
    const snapshot = await this.#snapshot(room)
    // Whoever asks may have been told of what came after: they must not be told now of what was before.
    return membersOf(this.#rooms.laterThan(room, snapshot) ?? snapshot.members)
  }

  async #snapshot(room: RoomKey): Promise<Snapshot> {
    const snapshot = await this.#store.read(room)
    this.#answered(this.#options.redis.partitionOf(room), snapshot.at.life, [])
    return snapshot
  }

  async #put(mine: Own, how: 'enter' | 'hold'): Promise<void> {
    const lease = leaseOf(mine.entry)
    const partition = this.#options.redis.partitionOf(mine.entry.room)
    const own = this.#ownIn(partition)
    const { life, since, done } = await this.#store.enter(mine, how)
    if (own.get(lease) === mine) own.set(lease, { ...mine, since })
    this.#answered(partition, life, done)
  }

  #answered(partition: Partition, life: string, done: readonly Done[]): void {
    for (const { room, message } of done) this.#rooms.did(room, message)
    if (!this.#lives.saw(partition, life)) return
    const { log } = this.#options
    log.warn(
      { partition: partition.index },
      'presence is on another server, or was lost there: this node says again who is in',
    )
    this.#hold(partition, [...this.#ownIn(partition).keys()]).catch((error: unknown) => {
      log.warn({ error, partition: partition.index }, 'not everybody who is in could be said again; missing leases are')
    })
  }

  /** Says again what this node holds true of these; what it no longer holds is left out. */
  async #hold(partition: Partition, leases: readonly string[]): Promise<void> {
    for (let from = 0; from < leases.length; from += heldAtOnce) {
      await Promise.all(
        leases.slice(from, from + heldAtOnce).map((lease) =>
          this.#turns.take(lease, async () => {
            const mine = this.#ownIn(partition).get(lease)
            if (mine) await this.#put(mine, 'hold')
          }),
        ),
      )
    }
  }

  #ownIn(partition: Partition): Map<string, Own> {
    const known = this.#own.get(partition)
    if (known) return known
    const own = new Map<string, Own>()
    this.#own.set(partition, own)
    return own
  }
}

const heldAtOnce = 200
