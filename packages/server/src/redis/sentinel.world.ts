/** A master, its replicas and three Sentinels that watch them, as real servers for tests. */
import { eventually, kept, type RedisServer, startRedis } from './servers.world.ts'

export type SentinelOptions = {
  /** @default 1 */
  readonly replicas?: number
  /** Until a silent master is thought to be down. @default 700 ms */
  readonly downAfterMs?: number
  /** Of master and replicas, beside those that keep what was acknowledged. */
  readonly directives?: readonly (readonly string[])[]
}

export type Sentinels = AsyncDisposable & {
  /** The first was master at the beginning. */
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** `redis+sentinel://` of the Sentinels, for the master that they watch. */
  readonly url: string
  /** Whom most Sentinels say is the master. */
  master(): Promise<RedisServer>
  /** Has another take over from a master that lives; resolves when the Sentinels say so. */
  failover(): Promise<void>
}

const name = 'fanfare'

const startSentinel = (master: RedisServer, downAfterMs: number): Promise<RedisServer> =>
  startRedis({
    sentinel: true,
    directives: [
      ['sentinel', 'monitor', name, master.host, String(master.port), '2'],
      ['sentinel', 'down-after-milliseconds', name, String(downAfterMs)],
      ['sentinel', 'failover-timeout', name, '1000'],
    ],
  })

/** @example await using watched = await startSentinels() */
export const startSentinels = async (options: SentinelOptions = {}): Promise<Sentinels> => {
  const { replicas = 1, downAfterMs = 700, directives = [] } = options
  const ours = [...kept, ['repl-diskless-sync-delay', '0'], ...directives]
  const first = await startRedis({ directives: ours })
  const servers = [first]
  for (let index = 0; index < replicas; index++) {
    servers.push(await startRedis({ directives: [...ours, ['replicaof', first.host, String(first.port)]] }))
  }
  await eventually('replicas follow', async () =>
    String(await first.call('INFO', 'replication')).includes(`connected_slaves:${replicas}`),
  )
  const sentinels: RedisServer[] = []
  for (let index = 0; index < 3; index++) sentinels.push(await startSentinel(first, downAfterMs))
  const fieldsOf = async (sentinel: RedisServer) => {
    const flat = (await sentinel.call('SENTINEL', 'MASTER', name)) as readonly string[]
    return (field: string) => flat[flat.indexOf(field) + 1]
  }
  await eventually('the Sentinels know each other and the replicas', async () => {
    const all = await Promise.all(sentinels.map(fieldsOf))
    return all.every((get) => get('num-other-sentinels') === '2' && get('num-slaves') === String(replicas))
  })
  const masterPort = async () => {
    const said = await Promise.allSettled(sentinels.map(async (sentinel) => (await fieldsOf(sentinel))('port')))
    const ports = said.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    return ports.find((port) => ports.filter((other) => other === port).length * 2 > ports.length)
  }
  return {
    servers,
    sentinels,
    url: `redis+sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${name}`,
    async master() {
      const port = await masterPort()
      const master = servers.find((server) => String(server.port) === port)
      if (master === undefined) throw new Error('the Sentinels are not of one mind')
      return master
    },
    async failover() {
      const before = await masterPort()
      const old = servers.find((server) => String(server.port) === before)
      await eventually(
        'a Sentinel begins',
        async () => (await sentinels[0]?.call('SENTINEL', 'FAILOVER', name)) === 'OK',
      )
      await eventually('the Sentinels say so', async () => (await masterPort()) !== before)
      // They tell the old one after eight seconds only, in case that it speaks for itself; a test does not wait so long.
      await old?.call('REPLICAOF', '127.0.0.1', String(await masterPort()))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...sentinels, ...servers].map((server) => server[Symbol.asyncDispose]()))
    },
  }
}
