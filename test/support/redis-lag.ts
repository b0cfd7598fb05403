/** A master that dies while its replica is behind it: what was acknowledged with the replica's word, and what was without. */
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { startProxy, type Proxy as TcpProxy } from '../../packages/server/src/redis/proxy.world.ts'
import { startSentinels } from '../../packages/server/src/redis/sentinel.world.ts'
import { eventually, type RedisServer } from '../../packages/server/src/redis/servers.world.ts'
import { slotOf } from '../../packages/server/src/redis/slots.ts'
import { clusterPartitions } from '../../packages/server/src/redis/tags.ts'
import { deliveredAgain, type Load, underLoad } from './redis-cases.ts'
import type { Outcome } from './redis-rig.ts'

/** `stopped`: the replica's process stands still. `behind`: its link is slow, and what is on it when the master dies is gone. */
export type Lag = { readonly how: 'stopped' | 'behind'; readonly ms: number }

export type LagOutcome = Omit<Outcome, 'lost'> & {
  /** Acknowledged as `replicas`, and gone. */
  readonly lostThough: number
  /** Acknowledged as `broker`, and gone. */
  readonly lostFairly: number
  readonly backMs: number
}

const isVital = (room: string) => room.startsWith('vital:')
const isOfBroker = (room: string) => !isVital(room)
/** Every other room asks for the replica's word. */
const rig: Load['rig'] = {
  room: (index) => `${index % 2 === 0 ? 'vital' : 'archive'}:${index}`,
  durability: (room) => (isVital(room) ? 'replicas' : 'broker'),
}
/** What replicas say first to a master. */
const replicas = /REPLCONF/

const judged = ({ lost, ...outcome }: Outcome, backMs: number): LagOutcome => ({
  ...outcome,
  lostThough: lost.filter(({ room }) => isVital(room)).length,
  lostFairly: lost.filter(({ room }) => !isVital(room)).length,
  backMs,
})

export const dyingUnderSentinel = async (lag: Lag, load: Load): Promise<LagOutcome> => {
  await using watched = await startSentinels()
  const master = await watched.master()
  const replica = watched.servers.find((server) => server !== master)!
  await using link = await startProxy(master.port)
  let backMs = Number.POSITIVE_INFINITY
  const outcome = await underLoad(watched.url, { ...load, rig: { ...rig, ...load.rig } }, async (nodes) => {
    if (lag.how === 'behind') await follow(replica, link)
    await die({ master, replica, link }, lag)
    await eventually('another is the master', async () => (await watched.master()) !== master)
    backMs = await deliveredAgain(nodes, isOfBroker)
    // Without a replica nothing more could be acknowledged as being on one.
    await master.restart()
    await master.call('REPLICAOF', replica.host, replica.port)
  })
  return judged(outcome, backMs)
}

/** Replicas of a Cluster follow what their master announces: a proxy, on which only they are slow. */
export const dyingInCluster = async (lag: Lag, load: Load): Promise<LagOutcome> => {
  await using links = new Links()
  await using cluster = await startCluster({ replicas: 1, announcePort: (port) => links.open(port) })
  const master = await cluster.masterOf(slotOf(clusterPartitions[0]!.tag))
  const [replica] = await cluster.replicasOf(master)
  let backMs = Number.POSITIVE_INFINITY
  const outcome = await underLoad(cluster.url, { ...load, rig: { ...rig, rooms: 48, ...load.rig } }, async (nodes) => {
    await die({ master, replica: replica!, link: links.of(master) }, lag)
    await Bun.sleep(1_000)
    await cluster.whole()
    backMs = await deliveredAgain(nodes, isOfBroker)
    await master.restart()
  })
  return judged(outcome, backMs)
}

class Links implements AsyncDisposable {
  readonly #links = new Map<number, TcpProxy>()

  async open(port: number): Promise<number> {
    const link = await startProxy(port)
    this.#links.set(port, link)
    return link.port
  }

  of({ port }: RedisServer): TcpProxy {
    return this.#links.get(port)!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link[Symbol.asyncDispose]()))
  }
}

/** Through the proxy, from where it was. */
const follow = async (replica: RedisServer, link: TcpProxy): Promise<void> => {
  await replica.call('REPLICAOF', '127.0.0.1', link.port)
  await eventually('the replica follows through the proxy', async () =>
    String(await replica.call('INFO', 'replication')).includes('master_link_status:up'),
  )
}

const die = async (
  { master, replica, link }: { readonly master: RedisServer; readonly replica: RedisServer; readonly link: TcpProxy },
  { how, ms }: Lag,
): Promise<void> => {
  if (how === 'stopped') {
    replica.pause()
    await Bun.sleep(ms)
    await master.kill()
    replica.resume()
    return
  }
  link.delay('down', ms, replicas)
  await Bun.sleep(2 * ms + 200)
  link.refuse()
  await master.kill()
}
