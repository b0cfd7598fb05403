/** Nodes are told to stop, one after another, under load: everybody is sent away at a pace, and is back without a loss. */
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { NodesRig, until } from './nodes-rig.ts'
import type { Seat } from './seat.ts'

export type Rolling = {
  readonly clients: number
  readonly rooms: number
  readonly perSecond: number
  /** Before the first stop, and after each start. @default 3,000 ms */
  readonly calmMs?: number
}

export type Stopped = {
  readonly code: number | null
  readonly stoppedMs: number
  /** Clients that were sent away. */
  readonly sent: number
  readonly closes: Pace
  readonly returns: Pace
}

export type Pace = {
  /** From the first until 95 of 100, ms: a few who had bad luck must not make the window look longer than it was. */
  readonly spreadMs: number
  /** The most in any second, in relation to as many each second; 1 is even. */
  readonly peak: number
}

export type Rolled = {
  readonly stops: readonly Stopped[]
  readonly acknowledged: number
  readonly deliveries: number
  readonly faults: readonly string[]
}

const backMs = 30_000
const defaultCalmMs = 3_000

export const rollNodes = async ({ clients, rooms, perSecond, calmMs = defaultCalmMs }: Rolling): Promise<Rolled> => {
  await using redis = await startRedis()
  await using rig = await NodesRig.open({ redisUrl: redis.url, clients, rooms })
  rig.publishes(perSecond)
  await Bun.sleep(calmMs)
  const stops: Stopped[] = []
  for (const node of rig.nodes) {
    const began = performance.now()
    const code = await node.stop()
    const stoppedMs = Math.round(performance.now() - began)
    await rig.gathers(backMs)
    const sent = rig.seats.filter(({ losses }) => losses.some((at) => at >= began))
    stops.push({
      code,
      stoppedMs,
      sent: sent.length,
      closes: paceOf(sent.map((seat) => firstSince(seat.losses, began))),
      returns: paceOf(sent.map((seat) => firstSince(seat.arrivals, began))),
    })
    await node.start()
    await Bun.sleep(calmMs)
  }
  return { stops, ...(await rig.finishes()) }
}

export type WorkersRolled = Omit<Rolled, 'stops'> & { readonly sent: number; readonly code: number | null }

/** SIGHUP: new workers take the place of the old ones, on the one port that they share. */
export const rollWorkers = async ({
  clients,
  rooms,
  perSecond,
  calmMs = defaultCalmMs,
}: Rolling): Promise<WorkersRolled> => {
  await using redis = await startRedis()
  await using rig = await NodesRig.open({ redisUrl: redis.url, clients, rooms, workers: 2 })
  rig.publishes(perSecond)
  await Bun.sleep(calmMs)
  const [server] = rig.nodes
  server!.hangUp()
  await until(90_000, () => server!.output.includes('every worker was replaced'))
  await rig.gathers(backMs)
  const sent = rig.seats.filter(({ losses }) => losses.length > 0)
  const outcome = await rig.finishes()
  return { ...outcome, sent: sent.length, code: await server!.stop() }
}

const firstSince = (times: Seat['losses'], since: number): number => times.find((at) => at >= since) ?? since

const paceOf = (times: readonly number[]): Pace => {
  const sorted = [...times].sort((a, b) => a - b)
  const nearlyAll = Math.ceil(sorted.length * 0.95)
  const spreadMs = (sorted[nearlyAll - 1] ?? 0) - (sorted[0] ?? 0)
  let most = 0
  for (let first = 0, last = 0; last < sorted.length; last++) {
    while (sorted[last]! - sorted[first]! >= 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  const average = nearlyAll / Math.max(1, spreadMs / 1_000)
  return { spreadMs: Math.round(spreadMs), peak: Math.round((most / average) * 100) / 100 }
}
