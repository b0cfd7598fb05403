/** What one server says of how it is run: whether it can be used, and what would be lost with it. Asks; judges in plain sentences. */
import type { Clock } from '../lib/clock.ts'
import type { Entry } from './address.ts'
import { type Connection, openConnection } from './connection.ts'

/** `unknown`: the server does not let this user ask. */
export type ServerReport = {
  readonly address: string
  readonly version: string
  readonly persistence: 'append-only' | 'snapshots' | 'none' | 'unknown'
  readonly maxMemory: number
  readonly evictionPolicy: string
  /** `none`: not a Cluster. */
  readonly cluster: 'ok' | 'fail' | 'none'
}

export type InspectOptions = {
  /** host:port */
  readonly address: string
  readonly entry: Entry
  readonly clock: Clock
}

/** @throws Error that says where and why when it cannot be asked */
export const inspectServer = async ({ address, entry, clock }: InspectOptions): Promise<ServerReport> => {
  const colon = address.lastIndexOf(':')
  const endpoint = { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
  const connection = await openConnection({ endpoint, entry, clock, name: 'fanfare:inspect' })
  try {
    return await report(connection, address)
  } finally {
    connection.destroy('everything was asked')
    await connection.ended
  }
}

const report = async (connection: Connection, address: string): Promise<ServerReport> => {
  const info = String(await connection.send('INFO'))
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const inCluster = field('cluster_enabled') === '1'
  return {
    address,
    version: field('valkey_version') ? `Valkey ${field('valkey_version')}` : `Redis ${field('redis_version')}`,
    persistence: field('aof_enabled') === '1' ? 'append-only' : await snapshots(connection),
    maxMemory: Number(field('maxmemory')),
    evictionPolicy: field('maxmemory_policy'),
    cluster: inCluster ? await clusterState(connection) : 'none',
  }
}

/** Managed servers may not say how they are configured. */
const snapshots = async (connection: Connection): Promise<ServerReport['persistence']> => {
  try {
    const reply = await connection.send('CONFIG', 'GET', 'save')
    const save = Array.isArray(reply) ? reply[1] : (reply as { readonly save?: unknown } | null)?.save
    return typeof save === 'string' ? (save === '' ? 'none' : 'snapshots') : 'unknown'
  } catch {
    return 'unknown'
  }
}

const clusterState = async (connection: Connection): Promise<'ok' | 'fail'> =>
  /^cluster_state:ok/m.test(String(await connection.send('CLUSTER', 'INFO'))) ? 'ok' : 'fail'

/** What is wrong with how a server is run, and what to do; nothing when all is well. */
export const risksOf = ({ address, evictionPolicy, persistence }: ServerReport): readonly string[] => [
  ...(evictionPolicy === 'noeviction' || evictionPolicy === ''
    ? []
    : [
        `Redis at ${address} drops keys when its memory is full (maxmemory-policy ${evictionPolicy}), and events, API keys and grants with them. Set maxmemory-policy noeviction: publishing is refused then until there is room.`,
      ]),
  ...(persistence === 'none'
    ? [
        `Redis at ${address} keeps nothing on its disk: durable rooms, API keys and grants are lost when it restarts. Set appendonly yes.`,
      ]
    : []),
]
