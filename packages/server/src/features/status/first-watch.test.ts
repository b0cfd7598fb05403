/**
 * A user comes in the moment that somebody begins to watch them or that they choose a status, on two nodes, in every order that
 * chance finds. They are told then, and not by the second look 5 s later.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { UserStatus } from '@fanfare/protocol'
import { EmbeddedLeases } from '../../engine/embedded/leases.ts'
import type { Leases } from '../../engine/leases.ts'
import { LifecycleNode } from '../../flows/lifecycle.world.ts'
import { Chance } from '../../flows/race.chance.ts'
import { deferred } from '../../lib/deferred.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import type { Store, TenantStore } from '../../store/store.ts'
import type { TestStore } from '../../store/store.world.ts'
import { hearStatuses, openNode, openStatusStore, settled, tenantId } from './status.world.ts'

const runs = Number(process.env.FANFARE_RUNS ?? 100)
/** One way to the store or to the leases, or back. */
const slowMs = 60
/** The same of a hold, for which many wait. */
const holdMs = 200
/** In which all begins. */
const crowdedMs = 150
/** All that was begun is done by then. */
const doneMs = 2_000

let clock: FakeClock
let store: TestStore
let leases: EmbeddedLeases
let heard: UserStatus[]
let chance: Chance
let seats: Awaited<ReturnType<typeof openSeat>>[]

const pause = (longestMs: number): Promise<void> => {
  const { promise, resolve } = deferred()
  clock.after(chance.below(longestMs), resolve)
  return promise
}
const slowly = async <Value>(work: () => Promise<Value>, longestMs = slowMs): Promise<Value> => {
  await pause(longestMs)
  const value = await work()
  await pause(longestMs)
  return value
}

const slowStore = (inner: Store): Store => ({
  ...inner,
  of: (tenant): TenantStore => {
    const own = inner.of(tenant)
    return {
      ...own,
      change: (work) => slowly(() => own.change(work)),
      read: (work) => slowly(() => own.read(work)),
    }
  },
})

const slowLeases = (inner: Leases): Leases => ({
  start: () => inner.start(),
  hold: (things, forMs) => slowly(() => inner.hold(things, forMs), holdMs),
  expire: (limit) => inner.expire(limit),
  settle: (ended) => inner.settle(ended),
  heldSince: (things) => slowly(() => inner.heldSince(things)),
})

const openSeat = async () => {
  const lifecycleNode = new LifecycleNode({
    clock,
    leases: slowLeases(leases),
    handlers: { 'user.offline': () => {} },
  })
  const { lifecycle, users } = lifecycleNode
  const here = new Map<string, number>()
  const directory = {
    online: () => users,
    heldSince: (names: readonly string[]) => lifecycle.heldSince(tenantId, names),
    hereSince: (user: string) => here.get(user),
    untilHeld: () => lifecycle.settled(),
  }
  const { api, stop } = await openNode({ clock, store: slowStore(store), directory, told: 'what is watched' })
  const stopHolding = await lifecycle.start()
  return {
    api,
    users,
    comes(user: string) {
      here.set(user, clock.now())
      lifecycleNode.comes(user)
      api.came(user)
    },
    stop: () => Promise.all([stopHolding(), stop(), pass(10_000)]),
  }
}

/** Time for all that falls due to come to its end before more does. */
const pass = async (ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= 10) {
    await clock.advance(10)
    await settled(3)
  }
}

beforeEach(async () => {
  clock = fakeClock()
  store = await openStatusStore(clock)
  leases = new EmbeddedLeases({ clock, disk: 'none' })
  await leases.start()
  heard = hearStatuses(store)
  seats = [await openSeat(), await openSeat()]
})
afterEach(async () => {
  for (const seat of seats) await seat.stop()
  await store[Symbol.asyncDispose]()
})

const soon = (work: () => unknown): void => void clock.after(chance.below(crowdedMs), () => void work())

test('whoever comes while somebody begins to watch them is told at once, wherever they and those who watch are', async () => {
  for (let seed = 1; seed <= runs; seed++) {
    chance = new Chance(seed)
    const user = `user${seed}`
    const there = chance.pick(seats)
    for (const seat of seats) for (let count = 0; count < 3; count++) soon(() => seat.comes(`crowd${seed}-${count}`))
    for (let count = chance.below(3); count >= 0; count--) soon(() => chance.pick(seats).api.watched(user))
    soon(() => there.comes(user))
    await pass(doneMs)
    const told = heard.filter(({ userId }) => userId === user).map(({ state }) => state)
    expect({ seed, told }).toEqual({ seed, told: ['online'] })
    for (const { users } of seats) users.clear()
  }
}, 60_000)

test('whoever chooses a status as soon as they came is answered and told as there, and never as away', async () => {
  for (let seed = 1; seed <= runs; seed++) {
    chance = new Chance(seed)
    const user = `user${seed}`
    const there = chance.pick(seats)
    for (let count = 0; count < 3; count++) soon(() => there.comes(`crowd${seed}-${count}`))
    const answer = deferred<UserStatus>()
    soon(() => {
      there.comes(user)
      clock.after(chance.below(slowMs), () => void there.api.set(user, { state: 'busy' }).then(answer.resolve))
    })
    soon(() => chance.pick(seats).api.watched(user))
    await pass(doneMs)
    expect({ seed, ...(await answer.promise) }).toMatchObject({ seed, state: 'busy' })
    const told = heard.filter(({ userId }) => userId === user).map(({ state }) => state)
    // Both may be one change.
    expect({ seed, told: told.filter((state) => state !== 'online') }).toEqual({ seed, told: ['busy'] })
    for (const { users } of seats) users.clear()
  }
}, 60_000)
