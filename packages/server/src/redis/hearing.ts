/** Subscribing and its end, wherever the partition is at the moment. Tries again until the server has acknowledged, or the time is over. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { inTime } from '../lib/within.ts'
import type { Listener, Partition } from './redis.ts'
import { refusalOf } from './refusal.ts'
import type { Routes } from './routes.ts'
import { chunksOf } from './subscriber.ts'
import type { Subscriptions } from './subscriptions.ts'

export type HearingOptions = { readonly routes: Routes; readonly subscriptions: Subscriptions; readonly clock: Clock }

const withinMs = 2_500
const againMs = 30

export class Hearing {
  readonly #options: HearingOptions

  constructor(options: HearingOptions) {
    this.#options = options
  }

  /** @throws FanfareError `unavailable`; then nothing of it is heard */
  async subscribe(partition: Partition, channels: readonly string[], listener: Listener): Promise<void> {
    const { subscriptions, clock } = this.#options
    // Wanted before it is asked for: whatever connection comes up meanwhile brings it too.
    subscriptions.add(partition, channels, listener)
    const task = { over: false }
    try {
      await inTime(clock, withinMs, this.#untilHeard(partition, channels, task))
    } catch (error) {
      await this.#forget(partition, subscriptions.remove(partition, channels, listener))
      throw new FanfareError('unavailable', 'Redis does not let this node listen now.', { cause: error })
    } finally {
      task.over = true
    }
  }

  async unsubscribe(partition: Partition, channels: readonly string[]): Promise<void> {
    await this.#forget(partition, this.#options.subscriptions.remove(partition, channels))
  }

  async #untilHeard(
    partition: Partition,
    channels: readonly string[],
    task: { readonly over: boolean },
  ): Promise<void> {
    const { routes, clock } = this.#options
    while (!task.over) {
      try {
        const connection = await routes.ownerOf(partition).subscriber.ready(withinMs)
        await Promise.all(chunksOf(this.#wanted(channels)).map((chunk) => connection.send('SSUBSCRIBE', ...chunk)))
        return
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal.kind === 'denied' || (refusal.kind === 'away' && refusal.hopeless)) throw error
      }
      await routes.refresh()
      await new Promise<void>((resolve) => void clock.after(againMs, resolve))
    }
  }

  #wanted(channels: readonly string[]): readonly string[] {
    return channels.filter((channel) => this.#options.subscriptions.wants(channel))
  }

  /** Where nobody has the slot, nobody has the subscriptions. */
  async #forget(partition: Partition, channels: readonly string[]): Promise<void> {
    const shard = this.#options.routes.shards.find((one) => one.has(partition))
    await shard?.subscriber.drop(channels)
  }
}
