/** What a Cluster says of its slots. Asks every master that answers, and believes the one that knows the latest. */
import type { Clock } from '../lib/clock.ts'
import { inTime } from '../lib/within.ts'
import { type Endpoint, nameOf } from './address.ts'
import type { Connection } from './connection.ts'
import type { Partition, Reply } from './redis.ts'
import { slotOf } from './slots.ts'
import type { Master, Topology } from './topology.ts'

export type ClusterTopologyOptions = {
  readonly seeds: readonly Endpoint[]
  readonly partitions: readonly Partition[]
  readonly open: (endpoint: Endpoint) => Promise<Connection>
  readonly clock: Clock
}

/** One that hangs does not hold up what the others say. */
const answerMs = 700

type Range = {
  readonly first: number
  readonly last: number
  readonly master: Endpoint
  readonly all: readonly Endpoint[]
}
type View = { readonly ranges: readonly Range[]; readonly ok: boolean; readonly epoch: number }

const list = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : [])

/** A server whose address the Cluster does not know is the one that was asked. */
const endpointOf = (node: Reply | undefined, asked: Endpoint): Endpoint | undefined => {
  const [host, port] = list(node)
  if (!(Number(port) > 0)) return undefined
  const known = typeof host === 'string' && host !== '' && host !== '?'
  return { host: known ? host : asked.host, port: Number(port) }
}

/** The answer of CLUSTER SLOTS. Ranges that nobody has are not in it. */
export const rangesOf = (slots: Reply, asked: Endpoint): readonly Range[] =>
  list(slots).flatMap((row) => {
    const [first, last, ...nodes] = list(row)
    const all = nodes.flatMap((node) => endpointOf(node, asked) ?? [])
    const master = endpointOf(nodes[0], asked)
    return master === undefined ? [] : [{ first: Number(first), last: Number(last), master, all }]
  })

export const mastersOf = (ranges: readonly Range[], partitions: readonly Partition[]): readonly Master[] => {
  const masters = new Map<string, { endpoint: Endpoint; partitions: Partition[] }>()
  for (const partition of partitions) {
    const slot = slotOf(partition.tag)
    const range = ranges.find(({ first, last }) => first <= slot && slot <= last)
    if (range === undefined) continue
    const name = nameOf(range.master)
    const master = masters.get(name) ?? { endpoint: range.master, partitions: [] }
    masters.set(name, master)
    master.partitions.push(partition)
  }
  return [...masters.values()]
}

const viewOf = async (connection: Connection): Promise<View> => {
  const [info, slots] = await Promise.all([connection.send('CLUSTER', 'INFO'), connection.send('CLUSTER', 'SLOTS')])
  const field = (name: string) => new RegExp(`^${name}:(\\w+)`, 'm').exec(String(info))?.[1]
  const ranges = rangesOf(slots, connection.endpoint)
  return { ranges, ok: field('cluster_state') === 'ok', epoch: Number(field('cluster_current_epoch') ?? 0) }
}

/** One that sees the Cluster as a whole before one that does not; then the one that heard of the last election. */
const later = (one: View, other: View): number => Number(other.ok) - Number(one.ok) || other.epoch - one.epoch

export const clusterTopology = ({ seeds, partitions, open, clock }: ClusterTopologyOptions): Topology => {
  let known: readonly Endpoint[] = seeds

  const askOnce = async (endpoint: Endpoint): Promise<View> => {
    const connection = await open(endpoint)
    try {
      return await viewOf(connection)
    } finally {
      connection.destroy('asked')
    }
  }
  const best = async (asked: readonly Promise<View>[]): Promise<View | undefined> => {
    const views = await Promise.allSettled(asked.map((view) => inTime(clock, answerMs, view)))
    const given = views.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []))
    return given.filter(({ ranges }) => ranges.length > 0).sort(later)[0]
  }

  return {
    partitions,
    everyMs: 10_000,
    onChange: () => {},
    async masters(connections) {
      let view = await best(connections.map(viewOf))
      // Those who were connected may be the ones that were cut off: the others are asked too.
      if (view?.ok !== true) view = (await best(known.map(askOnce))) ?? view
      if (view === undefined) throw new Error(`no server of the Cluster answers: ${known.map(nameOf).join(', ')}`)
      const all = new Map([...seeds, ...view.ranges.flatMap((range) => range.all)].map((node) => [nameOf(node), node]))
      known = [...all.values()]
      return mastersOf(view.ranges, partitions)
    },
    close: async () => {},
  }
}
