/**
 * Two nodes of one server, as far as statuses know it: real holds on shared leases, a directory that lags, a store that takes
 * its time or fails, users who come, go, reload and change nodes, and nodes that are killed. Time is a fake clock's, chance has a seed.
 */
import { FanfareError } from '@fanfare/protocol'
import { EmbeddedLeases } from '../../engine/embedded/leases.ts'
import { LifecycleNode } from '../../flows/lifecycle.world.ts'
import { Chance } from '../../flows/race.chance.ts'
import { deferred } from '../../lib/deferred.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import type { Store, TenantStore } from '../../store/store.ts'
import type { TestStore } from '../../store/store.world.ts'
import { type NodeParts, openNode, openStatusStore, type StatusNode, settled, tenantId } from './status.world.ts'

/** Others see what a node has as it was up to so long ago, and what a killed one had for so long. */
const lagMs = 2_000
const leaseOfNodeMs = 15_000
/** One way to the store, or back. */
const slowMs = 1_500
const graceMs = 15_000

/** Of the store, or of a node. */
export type Fault = 'failure' | 'kill'

type Sample = { readonly at: number; readonly users: ReadonlySet<string> }

/** A node's sessions, and what others can know of them. */
class Seat {
  readonly sessions = new Map<string, number>()
  readonly samples: Sample[] = []
  diedAt: number | undefined
  lifecycle!: LifecycleNode
  node!: StatusNode
  stopLifecycle!: () => Promise<void>

  seenBy(other: Seat, now: number, chance: Chance): Iterable<string> {
    if (this === other) return this.sessions.keys()
    if (this.diedAt !== undefined && now > this.diedAt + leaseOfNodeMs) return []
    const at = now - chance.below(lagMs)
    return this.samples.findLast((sample) => sample.at <= at)?.users ?? []
  }
}

export class Interleavings implements AsyncDisposable {
  readonly clock: FakeClock = fakeClock()
  /** What nobody should have been told. */
  readonly wrong: string[] = []
  readonly #faults: Set<Fault>
  readonly #told: NonNullable<NodeParts['told']>
  /** What was told last of each user. */
  readonly #last = new Map<string, string>()
  readonly #chance: Chance
  readonly #leases: EmbeddedLeases
  /** User → their last absences, each with its end. */
  readonly #gaps = new Map<string, { readonly from: number; to: number }[]>()
  #store!: TestStore
  #seats: Seat[] = []

  private constructor(seed: number, faults: readonly Fault[]) {
    this.#faults = new Set(faults)
    this.#told = seed % 2 === 0 ? 'everything' : 'what is watched'
    this.#chance = new Chance(seed)
    this.#leases = new EmbeddedLeases({ clock: this.clock, disk: 'none' })
  }

  static async start(seed: number, faults: readonly Fault[]): Promise<Interleavings> {
    const world = new Interleavings(seed, faults)
    await world.#leases.start()
    world.#store = await openStatusStore(world.clock)
    world.#watch()
    for (let count = 0; count < 2; count++) await world.#openSeat()
    return world
  }

  /** @param users who may come and go */
  async act(users: readonly string[]): Promise<void> {
    const user = this.#chance.pick(users)
    const seat = this.#chance.pick(this.#seats)
    const what = this.#chance.below(20)
    if (what === 0 && this.#faults.has('kill')) await this.#kill(seat)
    else if (what < 6) this.#comes(seat, user)
    else if (what < 10) this.#goes(seat, user)
    else if (what >= 16) this.#watches(seat, user)
    // A reload, or an absence about as long as a lease lasts, so that the end and the return meet.
    else this.#goesFor(user, what < 13 ? this.#chance.below(4_000) : 15_500 + this.#chance.below(6_500))
  }

  /** Now and then nothing, so that leases end. */
  async pass(longestMs: number): Promise<void> {
    for (let left = this.#chance.below(longestMs); left > 0; left -= 500) await this.#tick(Math.min(left, 500))
  }

  async rest(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) await this.#tick(500)
  }

  /** What is written down must be what is. */
  async check(users: readonly string[]): Promise<void> {
    this.#faults.delete('failure')
    const shown = await this.#seats[0]!.node.api.get(users)
    for (const { userId, state } of shown) {
      const expected = this.#isThere(userId) ? 'online' : 'offline'
      if (state !== expected) this.wrong.push(`${userId} is ${expected} and shown as ${state}`)
      const told = this.#last.get(userId)
      if (told !== undefined && told !== state) this.wrong.push(`${userId} is shown as ${state} and was told ${told}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seat of this.#seats) await Promise.all([this.#shut(seat), this.rest(5_000)])
    await this.#store[Symbol.asyncDispose]()
  }

  async #tick(ms: number): Promise<void> {
    await this.clock.advance(ms)
    for (const seat of this.#seats) seat.samples.push({ at: this.clock.now(), users: new Set(seat.sessions.keys()) })
    await settled(4)
  }

  async #openSeat(): Promise<void> {
    const seat = new Seat()
    const directory = {
      online: () => this.#seats.flatMap((other) => [...other.seenBy(seat, this.clock.now(), this.#chance)]),
    }
    const store = this.#slowed(seat)
    const held = {
      heldSince: (names: readonly string[]) => this.#heldSince(seat, names),
      untilHeld: () => seat.lifecycle.lifecycle.settled(),
    }
    seat.node = await openNode({ clock: this.clock, store, directory: { ...directory, ...held }, told: this.#told })
    seat.lifecycle = new LifecycleNode({
      clock: this.clock,
      leases: this.#leases,
      handlers: { 'user.offline': (_context, { userId, since }) => seat.node.api.went(userId, since) },
    })
    seat.stopLifecycle = await seat.lifecycle.lifecycle.start()
    this.#seats.push(seat)
  }

  async #heldSince(seat: Seat, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (this.#faults.has('failure') && this.#chance.below(4) === 0)
      throw new FanfareError('unavailable', 'The engine is away.')
    return seat.lifecycle.lifecycle.heldSince(tenantId, names)
  }

  #slowed(seat: Seat): Store {
    const store = this.#store
    const pause = () => {
      const { promise, resolve } = deferred()
      this.clock.after(this.#chance.below(slowMs), resolve)
      return promise
    }
    const of = (tenant: string): TenantStore => ({
      ...store.of(tenant),
      change: async (work) => {
        await pause()
        // What a killed node had not sent is never sent.
        if (seat.diedAt !== undefined) return new Promise(() => {})
        this.#maybeFail()
        const result = await store.of(tenant).change(work)
        await pause()
        // Done, and nobody knows.
        this.#maybeFail()
        return result
      },
    })
    return { ...store, of }
  }

  #maybeFail(): void {
    if (this.#faults.has('failure') && this.#chance.below(20) === 0)
      throw new FanfareError('unavailable', 'The store is away.')
  }

  /** Somebody subscribes; they try again where they were refused. */
  #watches(seat: Seat, user: string): void {
    if (seat.diedAt !== undefined) return
    seat.node.api.watched(user).catch(() => this.clock.after(1_000, () => this.#watches(seat, user)))
  }

  #comes(seat: Seat, user: string): void {
    if (seat.diedAt !== undefined) return
    const last = this.#gaps.get(user)?.at(-1)
    if (last && last.to === Number.POSITIVE_INFINITY) last.to = this.clock.now()
    seat.sessions.set(user, (seat.sessions.get(user) ?? 0) + 1)
    seat.lifecycle.comes(user)
    seat.node.api.came(user)
  }

  #goes(seat: Seat, user: string): void {
    const left = (seat.sessions.get(user) ?? 0) - 1
    if (left > 0) seat.sessions.set(user, left)
    else if (seat.sessions.delete(user)) {
      seat.lifecycle.users.delete(user)
      this.#left(user)
    }
  }

  #goesFor(user: string, ms: number): void {
    for (const seat of this.#seats) while (seat.sessions.has(user)) this.#goes(seat, user)
    this.clock.after(ms, () => this.#comes(this.#chance.pick(this.#seats), user))
  }

  async #kill(seat: Seat): Promise<void> {
    const users = [...seat.sessions.keys()]
    seat.diedAt = this.clock.now()
    seat.sessions.clear()
    seat.lifecycle.users.clear()
    for (const user of users) this.#left(user)
    void this.#shut(seat)
    await this.#openSeat()
    this.clock.after(leaseOfNodeMs + 1_000, () => {
      this.#seats = this.#seats.filter((other) => other !== seat)
    })
  }

  async #shut(seat: Seat): Promise<void> {
    void seat.stopLifecycle()
    await seat.node.stop()
  }

  #isThere(user: string): boolean {
    return this.#seats.some((seat) => seat.sessions.has(user))
  }

  #left(user: string): void {
    if (this.#isThere(user)) return
    const gaps = this.#gaps.get(user) ?? []
    this.#gaps.set(user, [...gaps.slice(-9), { from: this.clock.now(), to: Number.POSITIVE_INFINITY }])
  }

  /** Nobody may be told that a user is offline who was not away for the time of grace, just now. */
  #watch(): void {
    this.#store.onCommitted(({ events }) => {
      const now = this.clock.now()
      for (const event of events) {
        const { userId, state } = event.data as { readonly userId: string; readonly state: string }
        this.#last.set(userId, state)
        if (state !== 'offline') continue
        const isTrue = (this.#gaps.get(userId) ?? []).some(
          ({ from, to }) => Math.min(to, now) - from >= graceMs && to > now - 2 * slowMs - 500,
        )
        if (!isTrue) this.wrong.push(`${userId} was told to be offline at ${now}`)
      }
    })
  }
}
