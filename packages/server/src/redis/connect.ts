/**
 * Opens Redis, wherever it is: the composition of routes, runs and subscriptions behind the port. Everything that breaks
 * afterwards comes back by itself.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { describeAddress, type Endpoint, type Entry, type RedisAddress } from './address.ts'
import { clusterTopology } from './cluster-topology.ts'
import { type Connection, openConnection } from './connection.ts'
import { Doubts } from './doubts.ts'
import { Hearing } from './hearing.ts'
import type { OpenRedis, Partition } from './redis.ts'
import { Routes } from './routes.ts'
import { Runs } from './run.ts'
import { readScript } from './script.ts'
import { openSentinel, sentinelTopology } from './sentinel-topology.ts'
import { Subscriptions } from './subscriptions.ts'
import { clusterPartitions, partitionFor, singlePartition } from './tags.ts'
import { oneServer, type Topology } from './topology.ts'

export type RedisOptions = {
  /** From {@link parseRedisAddress}. A plain address whose server is one of a Cluster is taken for that Cluster. */
  readonly address: RedisAddress
  /** Stands before every key of this deployment. @default fanfare */
  readonly prefix?: string
  /** This node's id. */
  readonly node: string
  /** Of connections and waiting; never of what scripts are told. */
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** What scripts are told: the server's own time, or another in tests. @default server */
  readonly time?: 'server' | (() => number)
  /** How long a Redis that is not there is waited for. @default 10,000 */
  readonly openMs?: number
  /** Between two beats through Pub/Sub; three that are not heard, and the subscriber is taken for deaf. @default 2,000 */
  readonly beatMs?: number
}

type Open = (endpoint: Endpoint, purpose: string, entry?: Entry) => Promise<Connection>

/** @throws Error for a prefix with braces; FanfareError `unavailable` when Redis does not answer in time, with what it said last as the cause */
export const openRedis = async (options: RedisOptions): Promise<OpenRedis> => {
  const {
    address,
    prefix = 'fanfare',
    node,
    clock,
    log,
    metrics,
    time = 'server',
    openMs = 10_000,
    beatMs = 2_000,
  } = options
  if (/[{}]/.test(prefix))
    throw new Error('A prefix of keys has no braces: what stands in braces says where a key lives.')
  const open: Open = (endpoint, purpose, entry = address) =>
    openConnection({ endpoint, entry, clock, name: `fanfare:${node}:${purpose}` })
  // Pub/Sub knows no databases: what is published in one is heard in all.
  const apart = address.db === 0 ? prefix : `${prefix}:db${address.db}`
  const key = ({ tag }: Partition, ...parts: readonly string[]) => `${apart}:{${tag}}:${parts.join(':')}`
  const deadline = clock.now() + openMs
  const topology = await untilThen(clock, deadline, address, () => topologyOf(options, open))
  const subscriptions = new Subscriptions({ clock, log, metrics })
  const doubts = new Doubts({ clock, log, metrics })
  const shard = {
    open,
    clock,
    log,
    metrics,
    subscriptions,
    time: time === 'server' ? () => 0 : time,
    arrive: readScript(new URL('./scripts/arrive.lua', import.meta.url)),
    keyOf: (partition: Partition, name: 'life' | 'beat') =>
      name === 'life' ? key(partition, 'life') : key(partition, 'beat', node),
    onStanding: doubts.stands,
    onFence: doubts.raise,
    beatMs,
  }
  const routes = new Routes({ topology, clock, log, shard })
  const runs = new Runs({ routes, clock, log, metrics })
  const hearing = new Hearing({ routes, subscriptions, clock })
  try {
    await untilThen(clock, deadline, address, () => routes.start())
    await untilThen(clock, deadline, address, async () => oneStands(routes))
  } catch (error) {
    await routes.close()
    throw error
  }
  const { partitions } = topology
  return {
    partitions,
    partitionOf: (name) => partitionFor(partitions, name),
    key,
    run: (partition, call) => runs.run(partition, call),
    subscribe: (partition, channels, listener) => hearing.subscribe(partition, channels, listener),
    unsubscribe: (partition, channels) => hearing.unsubscribe(partition, channels),
    onDoubt: (doubted) => doubts.on(doubted),
    shards: () => routes.states(),
    close: () => {
      runs.close()
      return routes.close()
    },
  }
}

/** Ready for work as soon as one master is; the others come when they come. */
const oneStands = (routes: Routes): void => {
  if (!routes.shards.some((shard) => shard.state().healthy)) throw new Error('no master can be used yet')
}

const topologyOf = async ({ address, clock, log }: RedisOptions, open: Open): Promise<Topology> => {
  const inCluster = (seeds: readonly Endpoint[]) =>
    clusterTopology({ seeds, partitions: clusterPartitions, open: (endpoint) => open(endpoint, 'topology'), clock })
  const { kind, nodes } = address
  switch (kind) {
    case 'cluster':
      return inCluster(nodes)
    case 'sentinel':
      return sentinelTopology({
        sentinels: nodes,
        master: address.master,
        partitions: singlePartition,
        open: (endpoint) => openSentinel(address, (entry) => open(endpoint, 'sentinel', entry)),
        clock,
        log,
      })
    case 'server': {
      const [endpoint] = nodes
      if (endpoint === undefined) throw new Error('an address names a server')
      const probe = await open(endpoint, 'topology')
      probe.destroy('asked')
      return probe.info.cluster ? inCluster(nodes) : oneServer(endpoint, singlePartition)
    }
  }
}

const untilThen = async <Value>(
  clock: Clock,
  deadline: number,
  address: RedisAddress,
  work: () => Promise<Value>,
): Promise<Value> => {
  for (let afterMs = 5; ; afterMs = Math.min(250, afterMs * 2)) {
    try {
      return await work()
    } catch (error) {
      if (clock.now() + afterMs >= deadline) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new FanfareError('unavailable', `Redis at ${describeAddress(address)} cannot be used: ${reason}`, {
          cause: error,
        })
      }
    }
    await new Promise<void>((resolve) => void clock.after(afterMs, resolve))
  }
}
