/** What is done to Redis while nodes publish and followers listen, and what came of it. Short in journeys, long in `test/faults`. */
import type { ServerProcess } from '@fanfare/testkit'
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { startSentinels } from '../../packages/server/src/redis/sentinel.world.ts'
import { kept, type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type Outcome, RedisRig, type RigOptions } from './redis-rig.ts'

/** A Redis as nodes see it, whatever it is made of. */
export type Place = AsyncDisposable & {
  readonly url: string
  /** Every server that may carry rooms. */
  readonly servers: readonly RedisServer[]
}

export const places = {
  async standalone(): Promise<Place> {
    const server = await startRedis({ directives: kept })
    return { url: server.url, servers: [server], [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
  async cluster(): Promise<Place> {
    const cluster = await startCluster()
    return { url: cluster.url, servers: cluster.nodes, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
  },
} as const

export type Load = {
  readonly seconds: number
  readonly perSecond: number
  readonly rig?: Partial<RigOptions>
}

/** Two nodes under load while something is done; judged when everything has settled. */
export const underLoad = async (
  url: string,
  { seconds, perSecond, rig: given }: Load,
  during: (rig: RedisRig, until: number) => Promise<void>,
): Promise<Outcome> => {
  await using rig = await RedisRig.open({ redisUrls: [url, url], ...given })
  rig.publishes(perSecond)
  await Bun.sleep(1_000)
  rig.latestMs = 0
  const until = performance.now() + seconds * 1_000
  await during(rig, until)
  await Bun.sleep(Math.max(0, until - performance.now()))
  return await rig.finishes()
}

/** `CLIENT KILL TYPE pubsub` every two seconds. */
export const pubsubKills = async (
  on: keyof typeof places,
  load: Load,
): Promise<Outcome & { readonly killed: number }> => {
  await using place = await places[on]()
  let killed = 0
  const outcome = await underLoad(place.url, load, async (_, until) => {
    while (performance.now() < until) {
      for (const server of place.servers) killed += Number(await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))
      await Bun.sleep(2_000)
    }
  })
  return { ...outcome, killed }
}

/** Redis is killed and comes back, with what it had or with nothing. */
export const restarts = async (how: 'empty' | 'kept', load: Load): Promise<Outcome & { readonly backMs: number }> => {
  await using server = await startRedis({ directives: kept })
  let backMs = Number.POSITIVE_INFINITY
  const outcome = await underLoad(server.url, load, async (rig) => {
    await server.kill()
    await Bun.sleep(1_000)
    await server.restart({ empty: how === 'empty' })
    backMs = await deliveredAgain(rig)
  })
  return { ...outcome, backMs }
}

export type PausesOutcome = Outcome & {
  readonly backMs: number
  /** How much more a node had at most, in its heap and in all, in one of two pauses than in as long without one. */
  readonly grownBytes: { readonly heap: number; readonly resident: number }
}

/** Redis says nothing for a while, twice. */
export const pauses = async (load: Omit<Load, 'seconds'> & { readonly pausedMs: number }): Promise<PausesOutcome> => {
  await using server = await startRedis({ directives: kept })
  const { pausedMs } = load
  let backMs = 0
  let grownBytes = { heap: 0, resident: 0 }
  const outcome = await underLoad(server.url, { ...load, seconds: 0 }, async (rig) => {
    const paused = async () => {
      server.pause()
      const most = await mostOf(rig, pausedMs)
      server.resume()
      backMs = Math.max(backMs, await deliveredAgain(rig))
      return most
    }
    // A process that has just begun grows by itself.
    await Bun.sleep(pausedMs)
    const alone = await mostOf(rig, pausedMs)
    const first = await paused()
    await Bun.sleep(pausedMs / 2)
    const most = higher(first, await paused())
    grownBytes = { heap: growth(alone.heap, most.heap), resident: growth(alone.resident, most.resident) }
  })
  return { ...outcome, backMs, grownBytes }
}

/** A master dies, and Sentinel or Cluster put its replica in its place. */
export const failsOver = async (
  on: 'sentinel' | 'cluster',
  load: Load,
): Promise<Outcome & { readonly backMs: number }> =>
  on === 'sentinel' ? sentinelFailsOver(load) : clusterFailsOver(load)

const sentinelFailsOver = async (load: Load) => {
  await using watched = await startSentinels()
  let backMs = Number.POSITIVE_INFINITY
  const outcome = await underLoad(watched.url, load, async (rig) => {
    const before = await watched.master()
    await before.kill()
    await until(20_000, async () => (await watched.master()) !== before)
    backMs = await deliveredAgain(rig)
  })
  return { ...outcome, backMs }
}

const clusterFailsOver = async (load: Load) => {
  await using cluster = await startCluster({ replicas: 1 })
  let backMs = Number.POSITIVE_INFINITY
  const outcome = await underLoad(cluster.url, load, async (rig) => {
    await (await cluster.masterOf(0)).kill()
    await Bun.sleep(1_000)
    await cluster.whole()
    backMs = await deliveredAgain(rig)
  })
  return { ...outcome, backMs }
}

/**
 * An operator has the replica take over from a master that lives, and gives it back later. Sentinels tell the old master late,
 * which takes writes until then that are lost; unless the operator has it take none meanwhile: `paused`.
 */
export const handsOver = async (
  on: 'sentinel' | 'sentinel paused' | 'cluster',
  load: Load,
): Promise<Outcome & { readonly backMs: number }> =>
  on === 'cluster' ? clusterHandsOver(load) : sentinelHandsOver(on === 'sentinel paused', load)

const sentinelHandsOver = async (paused: boolean, load: Load) => {
  await using watched = await startSentinels()
  let backMs = 0
  const outcome = await underLoad(watched.url, load, async (rig) => {
    for (let times = 0; times < 2; times++) {
      if (paused) await (await watched.master()).call('CLIENT', 'PAUSE', 5_000, 'WRITE')
      await watched.failover()
      backMs = Math.max(backMs, await deliveredAgain(rig))
      // They do not begin another so soon after one.
      await Bun.sleep(3_000)
    }
  })
  return { ...outcome, backMs }
}

const clusterHandsOver = async (load: Load) => {
  await using cluster = await startCluster({ replicas: 1 })
  let backMs = 0
  const outcome = await underLoad(cluster.url, load, async (rig) => {
    for (let times = 0; times < 2; times++) {
      const [replica] = await cluster.replicasOf(await cluster.masterOf(0))
      await cluster.failover(replica!)
      backMs = Math.max(backMs, await deliveredAgain(rig))
      await Bun.sleep(2_000)
    }
  })
  return { ...outcome, backMs }
}

/** The slots of live rooms go to another master and come back. */
export const slotsMove = async (
  load: Load & { readonly slots: readonly number[] },
): Promise<Outcome & { readonly moved: number }> => {
  await using cluster = await startCluster()
  let moved = 0
  const outcome = await underLoad(cluster.url, load, async () => {
    for (const slot of load.slots) {
      const from = await cluster.masterOf(slot)
      const to = cluster.nodes.find((node) => node !== from)!
      await cluster.moveSlot(slot, from, to)
      await Bun.sleep(1_000)
      await cluster.moveSlot(slot, to, from)
      moved += 2
    }
  })
  return { ...outcome, moved }
}

/** From now until every follower has heard something new in every room, ms. */
export const deliveredAgain = async (rig: RedisRig, among: (room: string) => boolean = () => true): Promise<number> => {
  const began = performance.now()
  await Promise.all(
    rig.followers.map((follower) => {
      const before = new Map(follower.heardIn)
      const hears = () => rig.rooms.every((room) => !among(room) || follower.heardIn.get(room) !== before.get(room))
      return follower.until('an event in every room after the fault', hears, 60_000)
    }),
  )
  return Math.round(performance.now() - began)
}

type Memory = { readonly heap: readonly number[]; readonly resident: readonly number[] }

/** The most of each node within so long. */
const mostOf = async (rig: RedisRig, withinMs: number): Promise<Memory> => {
  const until = performance.now() + withinMs
  let most = await memoryOf(rig)
  while (performance.now() < until) {
    await Bun.sleep(250)
    most = higher(most, await memoryOf(rig))
  }
  return most
}

const higher = (some: Memory, others: Memory): Memory => ({
  heap: some.heap.map((bytes, index) => Math.max(bytes, others.heap[index]!)),
  resident: some.resident.map((bytes, index) => Math.max(bytes, others.resident[index]!)),
})

const growth = (before: readonly number[], after: readonly number[]): number =>
  Math.max(...after.map((bytes, index) => bytes - before[index]!))

const memoryOf = async ({ nodes }: RedisRig): Promise<Memory> => ({
  heap: await Promise.all(nodes.map(heapOf)),
  resident: await Promise.all(nodes.map((node) => node.resident())),
})

const heapOf = async ({ url }: ServerProcess): Promise<number> =>
  Number(/^process_heap_bytes (\S+)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1])

const until = async (withinMs: number, holds: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms`)
    await Bun.sleep(25)
  }
}
