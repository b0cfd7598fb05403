/**
 * Tells features of sessions that opened, once they are greeted: besides what goes on in them, a few at a time, so that a
 * crowd that comes back at once is no crowd before the store. No session waits for it or fails by it.
 */
import type { Session } from '../hub/session.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Log } from '../lib/log.ts'
import type { OpenFeatures, OwnedListener } from './open-features.ts'

/** Few: on Bun, what is under way when a crowd's garbage is collected outlives it, and leaves holes in the heap. */
const mostAtOnce = 16
/** Of one feature; what takes longer goes on, and is waited for no more. */
const patienceMs = 10_000

export type GreeterOptions = {
  readonly features: Pick<OpenFeatures, 'listeners'>
  readonly clock: Clock
  readonly log: Log
}

/** Tells one session after another. A timer for it, not for each session: it makes nothing for each. */
type Lane = {
  session: Session | undefined
  /** Of the feature that hears of the session next. */
  place: number
  /** When the last was told, ms since 1970. */
  toldAt: number
  timer: Timer | undefined
  /** Settled when it is done, or waited for no more. */
  readonly over: Deferred<void>
}

export class Greeter {
  readonly #options: GreeterOptions
  readonly #waiting: Session[] = []
  readonly #lanes = new Set<Lane>()
  #next = 0

  constructor(options: GreeterOptions) {
    this.#options = options
  }

  greeted(session: Session): void {
    if (this.#options.features.listeners.length === 0) return
    this.#waiting.push(session)
    if (this.#lanes.size < mostAtOnce) this.#begin({ session: undefined, place: 0 })
  }

  /** Resolves when all have been told. */
  async idle(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(Array.from(this.#lanes, ({ over }) => over.promise))
  }

  #begin(from: Pick<Lane, 'session' | 'place'>): void {
    const lane: Lane = { ...from, toldAt: 0, timer: undefined, over: deferred() }
    this.#lanes.add(lane)
    void this.#tellAll(lane).finally(() => this.#end(lane))
  }

  #end(lane: Lane): void {
    lane.timer?.cancel()
    this.#lanes.delete(lane)
    lane.over.resolve()
  }

  async #tellAll(lane: Lane): Promise<void> {
    // What is written to the session in this tick goes out first.
    await undefined
    lane.session ??= this.#take()
    while (lane.session && this.#lanes.has(lane)) {
      const listener = this.#options.features.listeners[lane.place++]
      if (listener) await this.#tell(lane, lane.session, listener)
      else {
        lane.session = this.#take()
        lane.place = 0
      }
    }
  }

  /** Oldest first, without moving all the others each time. */
  #take(): Session | undefined {
    const session = this.#waiting[this.#next]
    if (session) this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0
      this.#next = 0
    }
    return session
  }

  /** Never rejects. */
  async #tell(lane: Lane, session: Session, { owner, hear }: OwnedListener): Promise<void> {
    const { clock, log } = this.#options
    try {
      const told = hear(session)
      if (told === undefined) return
      lane.toldAt = clock.now()
      lane.timer ??= this.#look(lane, patienceMs)
      await told
    } catch (error) {
      log.error({ error, feature: owner, session: session.id }, 'a feature failed at a session that opened')
    }
  }

  #look(lane: Lane, ms: number): Timer {
    const { clock, features, log } = this.#options
    return clock.after(ms, () => {
      const left = lane.toldAt + patienceMs - clock.now()
      if (left > 0) {
        // Where the clock was set back, no longer than the first time.
        lane.timer = this.#look(lane, Math.min(left, patienceMs))
        return
      }
      log.warn({ feature: features.listeners[lane.place - 1]?.owner }, 'a feature takes long over a session')
      this.#end(lane)
      this.#begin({ session: lane.session, place: lane.place })
    })
  }
}
