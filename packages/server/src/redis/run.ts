/**
 * One call, from its first try to its answer: tried again while it is known not to have begun, at whom the servers name, until
 * its time is over. Owns no connection and no order: calls under way together may overtake each other.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { deferred } from '../lib/deferred.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Endpoint } from './address.ts'
import type { Call, Partition, Reply } from './redis.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { Routes } from './routes.ts'
import type { Shard } from './shard.ts'

export type RunOptions = {
  readonly routes: Routes
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Where to try; `asked`: at whom the slot is on its way to. */
type Place = { readonly at: 'owner' } | { readonly at: 'asked'; readonly to: Endpoint }
type Outcome =
  | { readonly kind: 'done'; readonly reply: Reply }
  | { readonly kind: 'again'; readonly place: Place; readonly afterMs: number }

type Task = {
  readonly partition: Partition
  readonly call: Call
  readonly deadline: number
  wanted: boolean
  /** Where it is under way. */
  shard: Shard | undefined
  /** Why it was not begun the last time. */
  refused: unknown
}

const usualMs = 2_500
const quietMs = 10_000
const owner: Place = { at: 'owner' }

const unavailable = (message: string, cause: unknown): FanfareError =>
  new FanfareError('unavailable', message, { cause })

export class Runs {
  readonly #options: RunOptions
  #closed = false
  /** Refusals since one was told. */
  #unsaid = 0
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** @throws FanfareError `unavailable`, or `internal` when the script itself went wrong */
  async run(partition: Partition, call: Call): Promise<Reply> {
    const { clock, metrics } = this.#options
    const { timeoutMs = usualMs } = call
    if (this.#closed) throw unavailable('This node no longer uses Redis.', undefined)
    metrics.add('fanfare_redis_commands_total')
    const over = deferred<never>()
    const task: Task = {
      partition,
      call,
      deadline: clock.now() + timeoutMs,
      wanted: true,
      shard: undefined,
      refused: undefined,
    }
    const timer = clock.after(timeoutMs, () => {
      task.wanted = false
      task.shard?.giveUp(call)
      over.reject(unavailable('Redis did not answer in time; it may be done yet.', task.refused))
    })
    const trying = this.#tryUntil(task)
    trying.catch(() => {})
    try {
      return await Promise.race([trying, over.promise])
    } catch (error) {
      metrics.add('fanfare_redis_failures_total')
      throw error
    } finally {
      timer.cancel()
    }
  }

  /** Takes nothing more; what is under way goes on. */
  close(): void {
    this.#closed = true
  }

  async #tryUntil(task: Task): Promise<Reply> {
    const { clock } = this.#options
    let place = owner
    while (task.wanted) {
      const outcome = await this.#try(task, place)
      if (outcome.kind === 'done') return outcome.reply
      if (outcome.afterMs > 0) await new Promise<void>((resolve) => void clock.after(outcome.afterMs, resolve))
      place = outcome.place
    }
    throw unavailable('Redis could not begin it in time.', task.refused)
  }

  async #try(task: Task, place: Place): Promise<Outcome> {
    const { routes, clock } = this.#options
    const { partition, call, deadline } = task
    let shard: Shard | undefined
    try {
      shard = place.at === 'owner' ? routes.ownerOf(partition) : routes.shardAt(place.to)
      if (place.at === 'asked') shard.visit()
      task.shard = shard
      const commands = shard.commandsFor(call)
      commands.start()
      const asking = place.at === 'asked'
      const withinMs = deadline - clock.now()
      const reply = await commands.attempt({ partition, call, withinMs, asking, isWanted: () => task.wanted })
      return { kind: 'done', reply }
    } catch (error) {
      if (error instanceof FanfareError) throw error
      task.refused = error
      return this.#refused({ partition, call, shard, error })
    } finally {
      task.shard = undefined
    }
  }

  async #refused(tried: {
    readonly partition: Partition
    readonly call: Call
    readonly shard: Shard | undefined
    readonly error: unknown
  }): Promise<Outcome> {
    const { routes } = this.#options
    const { partition, call, shard, error } = tried
    const refusal: Refusal = refusalOf(error, shard?.endpoint)
    const again = (afterMs: number, place: Place = owner): Outcome => ({ kind: 'again', place, afterMs })
    switch (refusal.kind) {
      case 'asked':
        return again(0, { at: 'asked', to: refusal.to })
      case 'away':
        if (refusal.hopeless) throw unavailable('Redis is away.', error)
        await routes.refresh()
        return again(20)
      case 'moved':
        await routes.refresh()
        return again(20)
      case 'demoted':
        shard?.renew('the server is no longer the master')
        await routes.refresh()
        return again(20)
      case 'later':
        void routes.refresh()
        return again(30)
      case 'fenced':
        // Where it fails, the next try says why.
        await shard
          ?.commandsFor(call)
          .introduce(partition)
          .catch(() => {})
        return again(100)
      case 'denied':
        throw this.#denied(error)
      case 'lost':
        throw unavailable('The connection to Redis ended before the answer; it may be done yet.', error)
      case 'unknown-script':
      case 'failed':
        throw new FanfareError('internal', undefined, { cause: error })
    }
  }

  /** Told now and then, for it goes on until somebody mends it, and with its reason, which repeats nothing that was sent. */
  #denied(error: unknown): FanfareError {
    const { clock, log } = this.#options
    this.#unsaid++
    if (clock.now() - this.#saidAt >= quietMs) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error({ reason, calls: this.#unsaid }, 'Redis refuses what it is asked for')
      this.#saidAt = clock.now()
      this.#unsaid = 0
    }
    return unavailable('Redis refuses to do it now.', error)
  }
}
