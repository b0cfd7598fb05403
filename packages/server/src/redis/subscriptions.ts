/**
 * What this node wants to hear, whatever connection brings it. Owns who listens to which channel and the dispatch, in which
 * nothing that arrives and nobody who listens can do harm; never a connection.
 */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { SeldomWarning } from '../lib/seldom.ts'
import type { Listener, Partition } from './redis.ts'

export type SubscriptionsOptions = { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }

export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #listeners = new Map<string, Listener>()
  readonly #channels = new Map<number, Set<string>>()
  readonly #useless: SeldomWarning

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#useless = new SeldomWarning(options, 'a message from Redis was of no use to its listener')
  }

  add(partition: Partition, channels: readonly string[], listener: Listener): void {
    const wanted = this.#channels.get(partition.index) ?? new Set()
    this.#channels.set(partition.index, wanted)
    for (const channel of channels) {
      this.#listeners.set(channel, listener)
      wanted.add(channel)
    }
  }

  /** @param listener only where it is still this one who listens */
  remove(partition: Partition, channels: readonly string[], listener?: Listener): readonly string[] {
    const wanted = this.#channels.get(partition.index)
    const removed = channels.filter(
      (channel) =>
        this.#listeners.has(channel) && (listener === undefined || this.#listeners.get(channel) === listener),
    )
    for (const channel of removed) {
      this.#listeners.delete(channel)
      wanted?.delete(channel)
    }
    return removed
  }

  channelsOf(partition: Partition): readonly string[] {
    return [...(this.#channels.get(partition.index) ?? [])]
  }

  wants(channel: string): boolean {
    return this.#listeners.has(channel)
  }

  /** What was said on a name of the server's own, by somebody else. */
  refused(): void {
    this.#options.metrics.add('fanfare_redis_poison_total')
  }

  readonly dispatch = (channel: string, message: string): void => {
    try {
      this.#listeners.get(channel)?.(channel, message)
    } catch (error) {
      this.#options.metrics.add('fanfare_redis_poison_total')
      this.#useless.warn({ channel, error })
    }
  }
}
