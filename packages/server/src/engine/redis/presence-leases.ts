/** Lengthens the leases of this node's entries, and ends everybody's that are over. Changes nothing else, and tells nobody itself. */
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Partition, Redis } from '../../redis/redis.ts'
import type { PresenceEntry } from '../presence.ts'
import { leaseOf } from './presence-keys.ts'
import type { Finished, Mercy, PresenceStore } from './presence-store.ts'

export type PresenceLeasesOptions = Mercy & {
  readonly redis: Redis
  readonly clock: Clock
  readonly log: Log
  readonly sweepMs: number
  readonly store: PresenceStore
  /** Redis answered; what it did there is to be told. */
  readonly answered: (partition: Partition, answer: Pick<Finished, 'life' | 'done'>) => void
  /** These are not there, though they were to be renewed. */
  readonly missed: (partition: Partition, leases: readonly string[]) => Promise<void>
}

const renewedAtOnce = 500
/** What one run of the script ends: some milliseconds of Redis. */
const endedAtOnce = 200
/** Before the lease is over. */
const renewTries = 3
const renewAgainMs = 1_000

export class PresenceLeases {
  readonly #options: PresenceLeasesOptions
  /** Partitions that are swept now, and whether time has passed meanwhile. */
  readonly #sweeping = new Map<Partition, 'once' | 'again'>()
  #state: 'running' | 'failing' | 'stopped' = 'stopped'

  constructor(options: PresenceLeasesOptions) {
    this.#options = options
  }

  start(): () => void {
    const { clock, sweepMs, redis } = this.#options
    this.#state = 'running'
    const timer = clock.every(sweepMs, () => {
      for (const partition of redis.partitions) this.#sweep(partition)
    })
    return () => {
      timer.cancel()
      this.#state = 'stopped'
    }
  }

  /** @throws FanfareError `unavailable` when some could not be renewed; the others were */
  async renew(entries: readonly PresenceEntry[]): Promise<void> {
    const byPartition = Map.groupBy(entries, (entry) => this.#options.redis.partitionOf(entry.room))
    const chunks = [...byPartition].flatMap(([partition, mine]) => {
      const leases = mine.map(leaseOf)
      const count = Math.ceil(leases.length / renewedAtOnce)
      return Array.from({ length: count }, (_, index) => ({
        partition,
        leases: leases.slice(index * renewedAtOnce, (index + 1) * renewedAtOnce),
      }))
    })
    const results = await Promise.allSettled(chunks.map(({ partition, leases }) => this.#renew(partition, leases)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #renew(partition: Partition, leases: readonly string[]): Promise<void> {
    const { life, missing } = await this.#trying(() => this.#options.store.renew(partition, leases))
    this.#options.answered(partition, { life, done: [] })
    if (missing.length > 0) await this.#options.missed(partition, missing)
  }

  async #trying<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (tries === renewTries || this.#state === 'stopped') throw error
        await new Promise<void>((resolve) => this.#options.clock.after(renewAgainMs, resolve))
      }
    }
  }

  #sweep(partition: Partition): void {
    const isUnderWay = this.#sweeping.has(partition)
    this.#sweeping.set(partition, isUnderWay ? 'again' : 'once')
    if (isUnderWay) return
    void this.#sweepAll(partition).finally(() => this.#sweeping.delete(partition))
  }

  async #sweepAll(partition: Partition): Promise<void> {
    try {
      while (this.#state !== 'stopped') {
        this.#sweeping.set(partition, 'once')
        const finished = await this.#options.store.sweep(partition, { limit: endedAtOnce, mercy: this.#options })
        this.#options.answered(partition, finished)
        if (this.#state === 'failing') this.#state = 'running'
        if (finished.over < endedAtOnce && this.#sweeping.get(partition) === 'once') return
      }
    } catch (error) {
      if (this.#state !== 'running') return
      this.#state = 'failing'
      this.#options.log.warn({ error }, 'presence leases that are over cannot be ended now')
    }
  }
}
