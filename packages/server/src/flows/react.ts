/**
 * Reactions: after a publish, on the node that took it, one after another for each room. An event of a durable room stays
 * marked in the engine until its reactions are done, so what a crash left between publish and reaction is made good: by the
 * next start, or by another node that lives.
 */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { App, AppContext } from '../app/app.ts'
import type { Owner } from '../app/lifecycle.ts'
import type { Unreacted } from '../engine/room-log.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomKey } from '../model/room-key.ts'

/** A chain of reactions that is longer is a loop. */
const maxDepth = 8
/** How often a node looks for what others left, more or less, so that they do not all look at once. */
const lookMs = 15_000
const spread = 0.2
/** Events whose reactions threw and that are marked yet. Where a handler always fails they would fill the engine's server. */
const mostFailed = 10_000

export type ReactorOptions = {
  readonly app: Pick<App, 'reactions'>
  readonly clock: Clock
  readonly unreacted: Unreacted
  readonly metrics: Metrics
  readonly log: Log
  /** For each reaction to an event one of its own, by whose reaction it is. */
  readonly context: (event: RoomEvent, of: { readonly owner: Owner; readonly depth: number }) => AppContext
  /** 0 to 1. @default Math.random */
  readonly random?: () => number
}

type Run = {
  readonly event: RoomEvent
  readonly depth: number
  /** Where it is noted that it is not done: in the engine if the room is durable, in the journal if it is archived. */
  readonly marked: 'engine' | 'journal' | 'nowhere'
}

/** `left`: the node stops, and whoever comes after it tries again. */
export type Reacted = 'over' | 'left'

const firstPauseMs = 200
const longestPauseMs = 5_000

export class Reactor {
  readonly #options: ReactorOptions
  readonly #chains = new Map<RoomKey, Promise<unknown>>()
  /** Oldest first, without their data. */
  readonly #failed: RoomEvent[] = []
  /** Of those that wait to try again. */
  readonly #wakings = new Set<() => void>()
  #stopped = false

  constructor(options: ReactorOptions) {
    this.#options = options
  }

  /** Resolves once they are done, or given up; never rejects. */
  async react({ key, log }: LogRoom, event: RoomEvent, depth: number): Promise<Reacted> {
    if (this.#options.app.reactions(event.type).length === 0) return 'over'
    const marked = log.archive ? 'journal' : log.durable ? 'engine' : 'nowhere'
    return this.#chain(key, { event, depth, marked })
  }

  #chain(key: RoomKey, run: Run): Promise<Reacted> {
    const before = this.#chains.get(key) ?? Promise.resolve()
    const chain = before.then(() => this.#run(run))
    this.#chains.set(key, chain)
    chain.finally(() => {
      if (this.#chains.get(key) === chain) this.#chains.delete(key)
    })
    return chain
  }

  async #run(run: Run): Promise<Reacted> {
    const { log, metrics } = this.#options
    const { event, marked } = run
    for (let tries = 0; ; tries++) {
      const failure = await this.#try(run)
      if (!failure) return 'over'
      const isAway = failure.error instanceof FanfareError && failure.error.retry !== 'never'
      if (isAway && marked === 'journal') {
        // In its order: what comes after it in the room waits too.
        if (await this.#pause(Math.min(longestPauseMs, firstPauseMs * 2 ** tries))) continue
        return 'left'
      }
      // Still marked as unreacted where the room is durable: whoever comes after this process tries again.
      metrics.add('fanfare_reactions_failed_total')
      log.error({ error: failure.error, event: event.id, type: event.type, room: event.room }, 'a reaction failed')
      if (marked === 'engine') this.#keepFailed(event)
      return 'over'
    }
  }

  async #try({ event, depth }: Run): Promise<{ readonly error: unknown } | undefined> {
    const { app, context, unreacted } = this.#options
    let failure: { readonly error: unknown } | undefined
    if (depth >= maxDepth) {
      return { error: new FanfareError('internal', `Reactions led to each other ${maxDepth} times; this is a loop.`) }
    }
    for (const { owner, react } of app.reactions(event.type)) {
      try {
        await react(context(event, { owner, depth: depth + 1 }), event)
      } catch (error) {
        // The others are not kept from theirs.
        failure ??= { error }
      }
    }
    if (!failure) unreacted.done(event)
    return failure
  }

  /** False when the node stops meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    if (this.#stopped) return false
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel()
        this.#wakings.delete(wake)
        resolve()
      }
      const timer = this.#options.clock.after(ms, wake)
      this.#wakings.add(wake)
    })
    return !this.#stopped
  }

  #keepFailed(event: RoomEvent): void {
    const { log, metrics, unreacted } = this.#options
    this.#failed.push({ ...event, data: null })
    if (this.#failed.length <= mostFailed) return
    const oldest = this.#failed.shift()!
    metrics.add('fanfare_reactions_given_up_total')
    log.error({ event: oldest.id, room: oldest.room }, 'a reaction that failed is given up: too many failed after it')
    unreacted.done(oldest)
  }

  /**
   * Runs what processes that are gone left undone: now, and every while until the result is called. After the engine has
   * started. @throws FanfareError `unavailable` when that cannot be known now
   */
  async start(): Promise<() => void> {
    await this.#makeGood()
    let timer: Timer | undefined
    const { clock, log, random = Math.random } = this.#options
    const lookLater = (): void => {
      timer = clock.after(lookMs * (1 - spread + 2 * spread * random()), () => {
        this.#makeGood()
          .catch((error: unknown) => log.warn({ error }, 'reactions that others left undone could not be looked for'))
          .finally(() => timer && lookLater())
      })
    }
    lookLater()
    return () => {
      timer?.cancel()
      timer = undefined
      this.#stopped = true
      for (const wake of this.#wakings) wake()
    }
  }

  async #makeGood(): Promise<void> {
    const { app, log, unreacted } = this.#options
    const events = await unreacted.list()
    if (events.length > 0) log.info({ events: events.length }, 'reactions that were left undone run now')
    for (const event of events) {
      const key = roomKey(event.tenantId, event.room)
      if (app.reactions(event.type).length > 0) void this.#chain(key, { event, depth: 0, marked: 'engine' })
      // The application no longer reacts to it.
      else unreacted.done(event)
    }
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains.values())
  }
}
