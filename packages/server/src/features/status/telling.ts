/**
 * Begins to tell of users, when somebody first wants to know or they first say something themselves. Until then their coming
 * is written nowhere: it is enough that they are held. Told once, they are told for good.
 *
 * Whoever comes is held, and only then it is asked whether they are told. Whoever begins to tell writes that down, and only then
 * asks whether they are held. So one of the two sees the other, on whatever nodes they are (`first-watch.test.ts`).
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { SeldomWarning } from '../../lib/seldom.ts'
import type { Batches } from '../../store/batches.ts'
import type { Store } from '../../store/store.ts'
import { TickReads } from '../../store/tick-reads.ts'
import type { SecondLook } from './second-look.ts'
import { readTold, type StatusItem } from './statuses.ts'
import type { StatusChange, StatusRow } from './transition.ts'

export type TellingOptions = {
  readonly clock: Clock
  readonly store: Store
  readonly batches: Batches<StatusItem, StatusRow>
  readonly secondLook: Pick<SecondLook, 'at'>
  readonly warning: SeldomWarning
  /** Since when these users are held, those who are. @throws FanfareError `unavailable` */
  readonly heldSince: (tenantId: string, users: readonly string[]) => Promise<ReadonlyMap<string, number>>
  /** Everybody is told: the application itself wants to know. */
  readonly everybody: boolean
}

/** Users whom somebody here watches, as far as they are remembered. */
const mostKnown = 20_000

/** By then an end that was being told has been, and whoever could not be held at once is, also on other nodes. */
const againAfterMs = 5_000

/** A tenant id never holds a bar. */
const nameOf = (tenantId: string, userId: string): string => `${tenantId}|${userId}`

export class Telling {
  readonly #options: TellingOptions
  readonly #told: TickReads<true>
  /** Forgets rather than grows. */
  readonly #known = new Set<string>()
  readonly #beginning = new Map<string, Promise<void>>()
  readonly #timers = new Set<Timer>()
  readonly #running = new Set<Promise<void>>()

  constructor(options: TellingOptions) {
    this.#options = options
    this.#told = new TickReads({ store: options.store, read: readTold })
  }

  /** @throws FanfareError `unavailable` */
  async isTold(tenantId: string, userId: string): Promise<boolean> {
    return this.#options.everybody || (await this.#told.of(tenantId, userId)) !== undefined
  }

  /**
   * As `begin`; but of whom that is known it is only made sure, which nobody waits for: whoever watches is weighed again when a
   * right of theirs changes, and must not lose their session because the store is slow or away just then.
   */
  async watch(tenantId: string, userId: string): Promise<void> {
    const who = nameOf(tenantId, userId)
    const beginning = this.begin(tenantId, userId)
    if (this.#known.has(who)) {
      this.#run(beginning.catch((error: unknown) => this.#options.warning.warn({ error })))
      return
    }
    await beginning
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.add(who)
  }

  /** Once it resolves, what happens to the user is told. @throws FanfareError `unavailable` */
  async begin(tenantId: string, userId: string): Promise<void> {
    if (await this.isTold(tenantId, userId)) return
    const who = nameOf(tenantId, userId)
    // A crowd that begins to watch somebody at once begins it once.
    const beginning =
      this.#beginning.get(who) ?? this.#begin(tenantId, userId).finally(() => this.#beginning.delete(who))
    this.#beginning.set(who, beginning)
    await beginning
  }

  async #begin(tenantId: string, userId: string): Promise<void> {
    const { batches, clock, heldSince } = this.#options
    const since = (await heldSince(tenantId, [userId])).get(userId)
    // One change: whoever is there and was told without that would be offline to all who ask, until a round.
    const change: StatusChange = since === undefined ? { kind: 'told', at: clock.now() } : { kind: 'came', at: since }
    await batches.add(tenantId, { userId, change })
    this.#lookLater(tenantId, userId)
    if (since === undefined) await this.#find(tenantId, userId)
  }

  #lookLater(tenantId: string, userId: string): void {
    const timer = this.#options.clock.after(againAfterMs, () => {
      this.#timers.delete(timer)
      this.#run(this.#look(tenantId, userId))
    })
    this.#timers.add(timer)
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    await Promise.all(this.#running)
  }

  /** @returns whether the user is held */
  async #find(tenantId: string, userId: string): Promise<boolean> {
    const { batches, heldSince } = this.#options
    const at = (await heldSince(tenantId, [userId])).get(userId)
    if (at !== undefined) await batches.add(tenantId, { userId, change: { kind: 'came', at } })
    return at !== undefined
  }

  /** Whoever went while telling began, or could not be held when they came, was told by nobody. What fails here, a round mends. */
  async #look(tenantId: string, userId: string): Promise<void> {
    const { batches, clock, secondLook, warning } = this.#options
    try {
      if (await this.#find(tenantId, userId)) return
      const at = clock.now()
      const { connectedAt, isConnected } = await batches.add(tenantId, { userId, change: { kind: 'told', at } })
      if (isConnected) secondLook.at(tenantId, userId, { at, connectedAt })
    } catch (error) {
      warning.warn({ error })
    }
  }
}
