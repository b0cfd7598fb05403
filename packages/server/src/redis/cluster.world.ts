/** A Redis Cluster of real servers for tests, with replicas on request; its slots are moved and its masters replaced at will. */
import { eventually, freePort, kept, type RedisServer, startRedis } from './servers.world.ts'
import { slotCount } from './slots.ts'

export type ClusterOptions = {
  /** @default 3 */
  readonly masters?: number
  /** Of each master. @default 0 */
  readonly replicas?: number
  /** Until a silent master is replaced. @default 1,000 ms */
  readonly nodeTimeoutMs?: number
  /** Of every server, beside those that make it one of a Cluster and keep what it acknowledged. */
  readonly directives?: readonly (readonly string[])[]
  /** Where clients are sent instead of a server's own port: a proxy's. */
  readonly announcePort?: (port: number) => Promise<number>
}

export type ClusterNode = RedisServer & { readonly id: string }

export type RedisCluster = AsyncDisposable & {
  readonly nodes: readonly ClusterNode[]
  /** `redis+cluster://` of all nodes. */
  readonly url: string
  /** Who says that the slot is its own, and is a master that lives. */
  masterOf(slot: number): Promise<ClusterNode>
  replicasOf(master: ClusterNode): Promise<readonly ClusterNode[]>
  /** With all its keys, as an operator does it; resolves when all nodes know. */
  moveSlot(slot: number, from: ClusterNode, to: ClusterNode): Promise<void>
  /** A replica takes over from a master that lives; resolves when it has. */
  failover(replica: ClusterNode): Promise<void>
  /** Resolves when every living node says that all is well. */
  whole(): Promise<void>
}

const startNode = async (options: ClusterOptions): Promise<ClusterNode> => {
  const { nodeTimeoutMs = 1_000, directives = [], announcePort } = options
  const [port, bus] = [await freePort(), await freePort()]
  const announced = await announcePort?.(port)
  const server = await startRedis({
    port,
    directives: [
      ...kept,
      ['cluster-enabled', 'yes'],
      ['cluster-config-file', 'nodes.conf'],
      ['cluster-node-timeout', String(nodeTimeoutMs)],
      ['cluster-port', String(bus)],
      ['cluster-replica-validity-factor', '0'],
      ['repl-diskless-sync-delay', '0'],
      ...(announced === undefined ? [] : [['cluster-announce-port', String(announced)]]),
      ...directives,
    ],
  })
  return { ...server, id: String(await server.call('CLUSTER', 'MYID')) }
}

const field = async (node: RedisServer, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:(\\w+)`, 'm').exec(String(await node.call('CLUSTER', 'INFO')))?.[1]

const busOf = async (node: ClusterNode): Promise<number> => {
  const [, bus = '0'] = /myself[^\n]*|@(\d+)/.exec(String(await node.call('CLUSTER', 'NODES'))) ?? []
  return Number(bus)
}

/** @example await using cluster = await startCluster({ replicas: 1 }) */
export const startCluster = async (options: ClusterOptions = {}): Promise<RedisCluster> => {
  const { masters: masterCount = 3, replicas: replicaCount = 0 } = options
  const count = masterCount * (1 + replicaCount)
  const nodes: ClusterNode[] = []
  // One after another: two that look for a free port at once may find the same.
  for (let index = 0; index < count; index++) nodes.push(await startNode(options))
  const masters = nodes.slice(0, masterCount)
  const [first] = nodes
  if (first === undefined) throw new Error('a Cluster has at least one master')
  await Promise.all(
    masters.map((master, index) => {
      const from = Math.floor((slotCount * index) / masterCount)
      const to = Math.floor((slotCount * (index + 1)) / masterCount) - 1
      return master.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    }),
  )
  await Promise.all(nodes.map((node, index) => node.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)))
  const bus = await busOf(first)
  await Promise.all(nodes.slice(1).map((node) => node.call('CLUSTER', 'MEET', first.host, first.port, bus)))
  const isWhole = async (node: ClusterNode) =>
    (await field(node, 'cluster_state')) === 'ok' && Number(await field(node, 'cluster_known_nodes')) === count
  const every = async (holds: (node: ClusterNode) => Promise<boolean>) =>
    (await Promise.all(nodes.map(holds))).every((held) => held)
  await eventually('the Cluster is one', () => every(isWhole))
  for (const [index, replica] of nodes.slice(masterCount).entries()) {
    await replica.call('CLUSTER', 'REPLICATE', masters[index % masterCount]!.id)
  }
  const follows = async (node: ClusterNode) =>
    masters.includes(node) || String(await node.call('INFO', 'replication')).includes('master_link_status:up')
  await eventually('replicas follow', () => every(follows))
  const knowsAll = async (node: ClusterNode) =>
    String(await node.call('CLUSTER', 'NODES')).split(/[ ,]slave /).length - 1 === count - masterCount
  await eventually('everybody knows the replicas', () => every(knowsAll))
  return clusterOf(nodes)
}

const clusterOf = (nodes: readonly ClusterNode[]): RedisCluster => {
  const living = async () => {
    const pings = await Promise.allSettled(nodes.map((node) => node.call('PING')))
    return nodes.filter((_, index) => pings[index]?.status === 'fulfilled')
  }
  const linesOf = async (node: ClusterNode) => String(await node.call('CLUSTER', 'NODES')).split('\n')
  const masters = async () => {
    const lines = await Promise.all((await living()).map(async (node) => ({ node, lines: await linesOf(node) })))
    return lines.filter(({ lines }) => lines.some((line) => /\bmyself,master\b/.test(line))).map(({ node }) => node)
  }
  const has = (line: string, slot: number) =>
    [...line.matchAll(/ (\d+)(?:-(\d+))?(?= |$)/g)].some(
      ([, from, to]) => Number(from) <= slot && slot <= Number(to ?? from),
    )
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    async masterOf(slot) {
      const own = await Promise.all(
        (await masters()).map(async (node) => {
          const line = (await linesOf(node)).find((one) => one.includes('myself')) ?? ''
          return { node, epoch: Number(line.split(' ')[6]), has: has(line.slice(line.indexOf('connected')), slot) }
        }),
      )
      // One that was replaced takes a moment to hear of it.
      const [latest] = own.filter((one) => one.has).sort((one, other) => other.epoch - one.epoch)
      if (latest !== undefined) return latest.node
      throw new Error(`no master has slot ${slot}`)
    },
    async replicasOf(master) {
      const lines = await linesOf(master)
      return nodes.filter(({ id }) => lines.some((line) => line.startsWith(id) && line.includes(`slave ${master.id}`)))
    },
    async moveSlot(slot, from, to) {
      await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
      await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
      for (;;) {
        const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
        if (keys.length === 0) break
        await from.call('MIGRATE', to.host, to.port, '', 0, 5_000, 'KEYS', ...keys)
      }
      const others = (await masters()).filter((node) => node !== to && node !== from)
      for (const node of [to, from, ...others]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
    },
    async failover(replica) {
      await replica.call('CLUSTER', 'FAILOVER')
      await eventually('the replica is the master', async () =>
        (await linesOf(replica)).some((line) => /\bmyself,master\b/.test(line)),
      )
    },
    async whole() {
      await eventually('the Cluster is whole', async () => {
        const states = await Promise.all((await living()).map((node) => field(node, 'cluster_state')))
        return states.every((state) => state === 'ok')
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    },
  }
}
