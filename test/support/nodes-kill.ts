/** A node is killed under a crowd: everybody comes back to the other, and whoever does not is told of once. */
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { NodesRig } from './nodes-rig.ts'
import type { Seat } from './seat.ts'

export type NodesKill = {
  readonly clients: number
  readonly rooms: number
  readonly perSecond: number
  /** Until what ends by itself has ended, and would have ended a second time: 110 s more. */
  readonly ends: boolean
}

export type NodeKilled = {
  readonly acknowledged: number
  readonly deliveries: number
  /** Clients that were cut off. */
  readonly cut: number
  /** Of these, from the kill until the last was back, ms. */
  readonly backMs: number
  /** Events lost, doubled or out of order; answers that were wrong. */
  readonly faults: readonly string[]
  /** Who is shown though gone, or not shown though there; of whom others were told wrongly. */
  readonly presenceFaults: readonly string[]
  /** Who was told as offline though there, or not once though gone. */
  readonly offlineFaults: readonly string[]
  /** Users of whom nothing came back. */
  readonly gone: number
  /** From the kill until everybody who stayed was told of all these, ms. */
  readonly goneToldMs: number
}

/** Leases of presence are 20 s, looked at each second. */
const ghostMs = 30_000
/** `user.offline` comes 15 to 25 s after the last session; what was given out and not settled is given out again after 60 s. */
const offlineTwiceMs = 110_000

export const killNode = async ({ clients, rooms, perSecond, ends }: NodesKill): Promise<NodeKilled> => {
  await using redis = await startRedis()
  await using rig = await NodesRig.open({ redisUrl: redis.url, clients, rooms, leavingShare: 0.1 })
  rig.publishes(perSecond)
  await Bun.sleep(2_000)
  const killedAt = performance.now()
  await rig.nodes[0]!.kill()
  const since = () => performance.now() - killedAt
  await Bun.sleep(1_000)
  await rig.gathers(ghostMs)
  await Bun.sleep(Math.max(0, (ends ? ghostMs : 5_000) - since()))
  const presenceFaults = [...(ends ? await shownWrongly(rig) : []), ...toldWrongly(rig, killedAt, ends)]
  const outcome = await rig.finishes()
  const users = [...new Set(rig.seats.map(({ userId }) => userId))]
  const here = usersOf(rig.seats.filter(({ isGone }) => !isGone))
  if (ends) await Bun.sleep(Math.max(0, offlineTwiceMs - since()))
  const tally = await rig.tally(users)
  const offlineFaults = users.flatMap((user) => {
    const expected = ends && !here.has(user) ? 1 : 0
    return tally.get(user) === expected ? [] : [`${user} was told ${tally.get(user)} times as offline, not ${expected}`]
  })
  const cut = rig.seats.filter(({ losses }) => losses.length > 0)
  const back = cut.flatMap(({ arrivals, isGone }) => (isGone ? [] : [arrivals.at(-1)! - killedAt]))
  return {
    ...outcome,
    cut: cut.length,
    backMs: Math.round(Math.max(0, ...back)),
    presenceFaults,
    offlineFaults,
    gone: users.length - here.size,
    goneToldMs: Math.round(
      Math.max(
        0,
        ...rig.seats.flatMap(({ told }) => told.map(({ change, at }) => (change === 'leave' ? at - killedAt : 0))),
      ),
    ),
  }
}

const usersOf = (seats: readonly Seat[]): ReadonlySet<string> => new Set(seats.map(({ userId }) => userId))

/** 30 s after the kill a room shows those who have a client in it that can be shown, and nobody else. */
const shownWrongly = async (rig: NodesRig): Promise<readonly string[]> => {
  const shown = await rig.members()
  return rig.rooms.flatMap((room) => {
    const expected = usersOf(rig.seats.filter((seat) => seat.room === room && seat.isShown && !seat.isGone))
    const there = shown.get(room)!
    return [
      ...[...there].filter((user) => !expected.has(user)).map((user) => `${room} shows ${user}, who is gone`),
      ...[...expected].filter((user) => !there.has(user)).map((user) => `${room} does not show ${user}`),
    ]
  })
}

/**
 * Who was never cut off was told of each user that is gone once, and of nobody else: whoever is back within the 15 s that a
 * lease has left at least was never gone. Those who were cut off themselves may have missed it, and have the list.
 */
const toldWrongly = (rig: NodesRig, since: number, ends: boolean): readonly string[] => {
  const shown = rig.seats.filter(({ isShown }) => isShown)
  const here = usersOf(shown.filter(({ isGone }) => !isGone))
  const gone = new Map<string, Set<string>>()
  for (const { userId, room } of shown) {
    if (!here.has(userId)) gone.set(room, (gone.get(room) ?? new Set()).add(userId))
  }
  return rig.seats
    .filter(({ losses }) => losses.length === 0)
    .flatMap(({ name, room, told }) => {
      const after = told.filter(({ at }) => at > since)
      const faults = after
        .filter(({ change, userId }) => change !== 'leave' || here.has(userId))
        .map(({ change, userId }) => `${name} was told of ${change} of ${userId}`)
      for (const user of gone.get(room) ?? []) {
        const times = after.filter(({ userId }) => userId === user).length
        if (times > 1 || (ends && times < 1)) faults.push(`${name} was told ${times} times that ${user} is gone`)
      }
      return faults
    })
}
