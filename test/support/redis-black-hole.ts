/** What passes between one of two nodes and Redis vanishes on the way, and nobody says so. */
import type { ServerProcess } from '@fanfare/testkit'
import { startProxy, type Proxy as TcpProxy } from '../../packages/server/src/redis/proxy.world.ts'
import { kept, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type Load, underLoad } from './redis-cases.ts'
import type { Outcome } from './redis-rig.ts'

export const connections = { hearing: /:subscriber/, all: /fanfare:/ } as const
export type Which = keyof typeof connections

/**
 * `deaf`: the connections that are there hear and say nothing from now on. `forgotten`: the same, and the server has seen
 * them end. `lasting`: those that are opened in their place too, for so long.
 */
export type Hole = {
  readonly which: Which
  readonly how: 'deaf' | 'forgotten' | { readonly lastingMs: number }
}

export type HoleOutcome = Outcome & {
  /** From the begin until `/ready` said so, and from the end until it no longer did; ms. Of a lasting hole. */
  readonly toldMs?: number
  readonly takenBackMs?: number
  /** The latest delivery of what was sent when it had to be repaired, ms after its sending: heard at once, or found later? */
  readonly lateMs: number
}

/** When a hole must have been found and repaired. */
export const repairedMs = 15_000
/** For how long it is looked whether it is. */
const thenMs = 6_000

/** Only the first node is behind the proxy: what the second says is heard by the first through Redis alone. */
export const blackHole = async (hole: Hole, load: Omit<Load, 'seconds'>): Promise<HoleOutcome> => {
  await using server = await startRedis({ directives: kept })
  await using proxy = await startProxy(server.port)
  let times = {}
  let latestMs = 0
  const rig = { ...load.rig, redisUrls: [proxy.url, server.url] }
  const outcome = await underLoad(server.url, { ...load, seconds: 0, rig }, async (running) => {
    const [behind, beside] = running.nodes as [ServerProcess, ServerProcess]
    times = await dig(proxy, hole, behind)
    if (!(await isReady(beside))) throw new Error('the node beside is not ready')
    await Bun.sleep(repairedMs)
    latestMs = Math.round(running.latestMs)
    running.latestMs = 0
    await Bun.sleep(thenMs)
  })
  return { ...outcome, ...times, lateMs: outcome.latestMs, latestMs: Math.max(latestMs, outcome.latestMs) }
}

const dig = async (proxy: TcpProxy, { which, how }: Hole, node: ServerProcess) => {
  const who = connections[which]
  if (how === 'forgotten') {
    proxy.forget(who)
    return {}
  }
  if (how === 'deaf') {
    proxy.swallow('up', 'open', who)
    proxy.swallow('down', 'open', who)
    return {}
  }
  const began = performance.now()
  proxy.swallow('up', 'all', who)
  proxy.swallow('down', 'all', who)
  const toldMs = await until(async () => !(await isReady(node)), how.lastingMs)
  await Bun.sleep(Math.max(0, began + how.lastingMs - performance.now()))
  proxy.mend()
  return { toldMs, takenBackMs: await until(() => isReady(node), 30_000) }
}

const isReady = async ({ url }: ServerProcess): Promise<boolean> => (await fetch(`${url}/ready`)).ok

/** How long it took, ms; infinite when it did not come to hold in time. */
const until = async (holds: () => Promise<boolean>, withinMs: number): Promise<number> => {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > withinMs) return Number.POSITIVE_INFINITY
    await Bun.sleep(100)
  }
  return Math.round(performance.now() - began)
}
