/**
 * Tells the application that a user went offline or a room is empty, once over all nodes. Every node holds a lease on whom
 * and what it has; what nobody holds any more is given to one of all nodes. Nothing is done when leaving, so that a killed
 * node needs no other way. Holds nothing where the application does not ask.
 */
import type { AppContext } from '../app/app.ts'
import { causeOf, type LifecycleRules, type OwnedHandler } from '../app/lifecycle.ts'
import type { Ended, Held, Leases } from '../engine/leases.ts'
import type { Hub } from '../hub/hub.ts'
import type { Session } from '../hub/session.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { within } from '../lib/within.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import { FreshHolds } from './fresh-holds.ts'

/** From the last hold; with {@link turns} every lease has at least 15 s left at any time. */
const leaseMs = 20_000
const turnMs = 1_000
/** All is held again in so many turns. */
const turns = 4
/** Of the time between two questions for what is over, so that nodes do not all ask at once. */
const spread = 0.25
/** Handlers that run at a time. */
const mostAtOnce = 64
/** After the engine or this process was away every node holds again what it has, before this one takes anything for over. */
const unsureMs = 10_000
/** A turn that comes so late means that the process stood still, or the clock was set. */
const lateMs = 5_000
/** At the end, what runs is waited for so long; what is still running then is given to another. */
const endMs = 5_000

export type LifecycleOptions = {
  readonly app: { readonly lifecycle: LifecycleRules }
  readonly clock: Clock
  readonly leases: Leases
  readonly hub: Hub
  readonly log: Log
  readonly metrics: Metrics
  /** Publishes with keys made from the cause. */
  readonly context: (tenantId: string, cause: string) => AppContext
  /** 0 to 1. @default Math.random */
  readonly random?: () => number
}

export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #users: boolean
  readonly #rooms: boolean
  readonly #running = new Set<Promise<void>>()
  readonly #fresh: FreshHolds
  #round: Iterator<Held> | undefined
  #holding = false
  #turnAt = 0
  #moreIsOver = false
  #askedNow = false
  /** Nothing is taken for over before, ms since 1970. */
  #sureAt = Number.POSITIVE_INFINITY
  #timers: Timer[] = []
  #asking: Timer | undefined
  #started = false

  constructor(options: LifecycleOptions) {
    this.#options = options
    this.#users = options.app.lifecycle['user.offline'].length > 0
    this.#rooms = options.app.lifecycle['room.vacated'].length > 0
    const hold = async (things: readonly Held[]) => (this.#started ? this.#hold(things) : undefined)
    this.#fresh = new FreshHolds({ clock: options.clock, hold })
  }

  /** After the engine has started; the result ends it. What is held then ends by itself. */
  async start(): Promise<() => Promise<void>> {
    const { clock } = this.#options
    if (!this.#users && !this.#rooms) return async () => {}
    this.#started = true
    // Where every node was away, whoever was here has time to come back.
    this.#turnAt = clock.now()
    this.#sureAt = this.#turnAt + leaseMs
    this.#timers.push(clock.every(turnMs, () => void this.#holdSome()))
    this.#askLater()
    return async () => {
      this.#started = false
      // Nobody is kept waiting for what is held no more.
      this.#fresh.flush()
      for (const timer of this.#timers.splice(0)) timer.cancel()
      this.#asking?.cancel()
      await within(clock, endMs, Promise.allSettled([...this.#running]))
    }
  }

  /** A session began. */
  came({ tenantId, userId }: Session): void {
    if (!this.#users || this.#options.hub.sessionsOf(tenantId, userId).length > 1) return
    this.#fresh.add({ kind: 'user', tenantId, name: userId })
  }

  /** A subscription began. */
  entered({ key }: Pick<LogRoom, 'key'>): void {
    if (!this.#rooms) return
    const there = this.#options.hub.sessionsIn(key)
    there.next()
    // Others are in the room, and hold it.
    if (!there.next().done) return
    const held = heldRoom(key)
    if (held) this.#fresh.add(held)
  }

  /** Resolves once whoever came here so far is held, or could not be. */
  settled(): Promise<void> {
    return this.#fresh.settled()
  }

  /**
   * Since when these users are held, those who are. Of who is here it is not answered before it was tried to hold them.
   * @throws FanfareError `unavailable`
   */
  async heldSince(tenantId: string, users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const since = await this.#askSince(tenantId, users)
    const { hub } = this.#options
    const isComing = (userId: string) => !since.has(userId) && hub.countsOf({ tenantId, userId }).ofUser > 0
    if (!this.#started || !users.some(isComing)) return since
    await this.settled()
    return this.#askSince(tenantId, users)
  }

  async #askSince(tenantId: string, users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const since = await this.#options.leases.heldSince(users.map((name) => ({ kind: 'user', tenantId, name })))
    return new Map(users.flatMap((userId, index) => (since[index] === undefined ? [] : [[userId, since[index]]])))
  }

  /** A part of all that is here, so that all of it is held again every few seconds and no second does all the work. */
  async #holdSome(): Promise<void> {
    if (this.#holding) return
    const { clock, hub } = this.#options
    this.#lookAtClock()
    this.#turnAt = clock.now()
    const all = (this.#users ? hub.userCount : 0) + (this.#rooms ? hub.roomCount : 0)
    const things: Held[] = []
    for (let left = Math.ceil(all / turns) + 1; left > 0; left--) {
      this.#round ??= this.#everything()
      const next = this.#round.next()
      if (next.done) {
        this.#round = undefined
        break
      }
      things.push(next.value)
    }
    this.#holding = true
    await this.#hold(things)
    this.#holding = false
  }

  *#everything(): Generator<Held> {
    const { hub } = this.#options
    if (this.#users) {
      for (const { tenantId, userId } of hub.people()) yield { kind: 'user', tenantId, name: userId }
    }
    if (!this.#rooms) return
    for (const key of hub.inhabited()) {
      const held = heldRoom(key)
      if (held) yield held
    }
  }

  async #hold(things: readonly Held[]): Promise<void> {
    if (things.length === 0) return
    try {
      await this.#options.leases.hold(things, leaseMs)
    } catch (error) {
      this.#doubt(error)
    }
  }

  #lookAtClock(): void {
    const late = this.#options.clock.now() - this.#turnAt
    if (late > lateMs) this.#doubt(new Error(`Nothing was held for ${late} ms.`))
  }

  /** What is here may be taken for over, because nobody could say that it is here. */
  #doubt(error: unknown): void {
    const { clock, log } = this.#options
    const now = clock.now()
    if (this.#sureAt <= now) log.warn({ error }, 'who is here could not be said; nobody is taken for offline meanwhile')
    this.#sureAt = Math.max(this.#sureAt, now + unsureMs)
  }

  #askLater(): void {
    const { clock, random = Math.random } = this.#options
    this.#asking = clock.after(turnMs * (1 - spread + 2 * spread * random()), () => {
      if (!this.#started) return
      this.#askLater()
      void this.#ask()
    })
  }

  async #ask(): Promise<void> {
    const { clock, leases } = this.#options
    this.#lookAtClock()
    const room = mostAtOnce - this.#running.size
    if (clock.now() < this.#sureAt || room <= 0 || this.#askedNow) return
    this.#askedNow = true
    try {
      const over = await leases.expire(room)
      this.#moreIsOver = over.length === room
      for (const ended of over) this.#run(ended)
    } catch (error) {
      this.#doubt(error)
    } finally {
      this.#askedNow = false
    }
  }

  #run(ended: Ended): void {
    const running = this.#deal(ended).finally(() => {
      this.#running.delete(running)
      // A whole node's worth may be over: that does not wait for the next second each time.
      if (this.#moreIsOver && this.#started && this.#running.size <= mostAtOnce / 2) void this.#ask()
    })
    this.#running.add(running)
  }

  async #deal(ended: Ended): Promise<void> {
    const { leases, log, metrics } = this.#options
    const { kind, tenantId, name } = ended
    try {
      await this.#tell(ended)
      await leases.settle(ended)
    } catch (error) {
      // It is given out again.
      metrics.add('fanfare_lifecycle_failed_total')
      log.error({ error, tenant: tenantId, [kind]: name }, 'what follows from an end failed; it is tried again')
    }
  }

  async #tell({ kind, tenantId, name, since: began }: Ended): Promise<void> {
    const { lifecycle } = this.#options.app
    const since = new Date(began).toISOString()
    const cause = { tenantId, name: `${kind === 'user' ? 'user.offline' : 'room.vacated'}|${name}|${began}` }
    if (kind === 'user') await this.#handle(lifecycle['user.offline'], cause, { userId: name, since })
    else await this.#handle(lifecycle['room.vacated'], cause, { room: name, since })
  }

  /** Each with a context and a cause of its own; one that throws keeps no other from running. @throws what the first threw */
  async #handle<About>(
    handlers: readonly OwnedHandler<About>[],
    cause: { readonly tenantId: string; readonly name: string },
    about: About,
  ): Promise<void> {
    const failures: unknown[] = []
    for (const { owner, handle } of handlers) {
      try {
        await handle(this.#options.context(cause.tenantId, causeOf(cause.name, owner)), about)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** Not of rooms of the server's own. */
const heldRoom = (key: RoomKey): Held | undefined => {
  const { tenantId, name } = roomOfKey(key)
  return name.startsWith('__') ? undefined : { kind: 'room', tenantId, name }
}
