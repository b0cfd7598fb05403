/**
 * One connection to one server, from its opening to its end; it never comes back by itself. Owns the options of ioredis and
 * the wire. What is under way when it ends is rejected; nothing is sent twice.
 */
import { Redis as Client } from 'ioredis'
import type { Clock } from '../lib/clock.ts'
import { deferred } from '../lib/deferred.ts'
import { within } from '../lib/within.ts'
import { type Endpoint, type Entry, nameOf } from './address.ts'
import type { Reply } from './redis.ts'

/** What the server said of itself as the connection opened. */
export type ServerInfo = {
  readonly replid: string
  readonly runId: string
  readonly role: 'master' | 'replica'
  readonly cluster: boolean
  readonly loading: boolean
  readonly version: readonly [major: number, minor: number]
  readonly appendOnly: boolean
}

export type ConnectionOptions = {
  readonly endpoint: Endpoint
  readonly entry: Entry
  readonly clock: Clock
  /** Shown by CLIENT LIST. */
  readonly name: string
  /** Until it is open. @default 2,500 ms */
  readonly openMs?: number
  /** Without a byte while something is unanswered, after which it is given up. @default 2,500 ms */
  readonly silentMs?: number
}

export type Connection = {
  readonly endpoint: Endpoint
  readonly info: ServerInfo
  /** The server's own number for this connection; 0 where it does not say. */
  readonly id: number
  /** Resolves with the reason, once it is over. */
  readonly ended: Promise<string>
  readonly open: boolean
  /**
   * Sent at once, in the order of the calls.
   *
   * @throws the server's error; NotSent when it is over; ConnectionLost when it is not known whether it was done
   */
  send(command: string, ...args: readonly (string | number)[]): Promise<Reply>
  /** What arrives by Pub/Sub, sharded or not. */
  onMessage(heard: (channel: string, message: string) => void): void
  /** The server said that a slot of these subscriptions is no longer here. */
  onMoved(moved: () => void): void
  /** Reads again what may change under a connection that lives on. */
  readInfo(): Promise<ServerInfo>
  /** Takes nothing more, and ends when all that was sent is answered. */
  retire(reason: string): void
  destroy(reason: string): void
}

/** There is no connection to send it on: it was not done, and will not be. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  /** It has long been away: waiting is of no use. */
  readonly hopeless: boolean

  constructor(message: string, { hopeless = false }: { readonly hopeless?: boolean } = {}) {
    super(message)
    this.hopeless = hopeless
  }
}

/** The connection ended before the answer came: it may have been done, and may be done yet. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** What a server says of a command that it does not know repeats what came with it; with AUTH came the password. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/,? with args beginning with:.*$/s, '')

const sectionsOf = (info: string): ServerInfo => {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const [major = 0, minor = 0] = (field('valkey_version') || field('redis_version')).split('.').map(Number)
  return {
    replid: field('master_replid'),
    runId: field('run_id'),
    role: field('role') === 'slave' ? 'replica' : 'master',
    cluster: field('cluster_enabled') === '1',
    loading: field('loading') === '1',
    version: field('valkey_version') === '' ? [major, minor] : [Math.max(major, 8), minor],
    appendOnly: field('aof_enabled') === '1',
  }
}

const clientOf = ({ endpoint, entry, name, openMs = 2_500, silentMs = 2_500 }: ConnectionOptions): Client =>
  new Client({
    ...endpoint,
    db: entry.db,
    ...(entry.username === undefined ? {} : { username: entry.username }),
    ...(entry.password === undefined ? {} : { password: entry.password }),
    ...(entry.tls ? { tls: {} } : {}),
    connectionName: name,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: openMs,
    socketTimeout: silentMs,
    keepAlive: 5_000,
    disableClientInfo: true,
    // Whoever is given up gets no time to say farewell.
    ...{ disconnectTimeout: 0 },
  })

/** @throws Error when it cannot be opened in time, saying where and why */
export const openConnection = async (options: ConnectionOptions): Promise<Connection> => {
  const client = clientOf(options)
  const ended = deferred<string>()
  let reason = 'the server closed it'
  let over = false
  let destroyed = false
  client.once('end', () => {
    over = true
    ended.resolve(reason)
  })
  let pending = 0
  let retired: string | undefined
  const destroy = (why: string) => {
    if (over || destroyed) return
    destroyed = true
    reason = why
    client.disconnect()
  }
  client.on('error', (error: Error) => {
    // Also an answer to nothing that was asked: from then on every answer could be another's.
    destroy(messageOf(error))
  })
  const retire = (why: string) => {
    retired ??= why
    if (pending === 0) destroy(why)
  }
  const send = async (command: string, ...args: readonly (string | number)[]): Promise<Reply> => {
    if (over || destroyed || retired !== undefined || client.status === 'close' || client.status === 'end')
      throw new NotSent(reason)
    pending++
    try {
      return (await client.call(command, ...args)) as Reply
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') throw error
      // The client refuses to write to a socket that has ended, before it says that it has.
      if (String(error).includes("Stream isn't writeable")) throw new NotSent(reason)
      throw new ConnectionLost(reason, { cause: error })
    } finally {
      pending--
      if (retired !== undefined && pending === 0) destroy(retired)
    }
  }
  const readInfo = async () => sectionsOf(String(await send('INFO')))
  const opening = client.connect().then(readInfo)
  opening.catch(() => {})
  const { openMs = 2_500, clock, endpoint } = options
  try {
    if (!(await within(clock, openMs, opening))) throw new Error(`it did not answer within ${openMs} ms`)
    const info = await opening
    // The client takes a database that is not there for database 0, and goes on.
    if (options.entry.db > 0) await send('SELECT', options.entry.db)
    const id = Number(await send('CLIENT', 'ID').catch(() => 0))
    return {
      endpoint,
      info,
      id,
      ended: ended.promise,
      get open() {
        return client.status === 'ready' && retired === undefined && !destroyed
      },
      send,
      onMessage: (heard) => void client.on('smessage', heard).on('message', heard),
      onMoved: (moved) => void client.on('moved', moved),
      readInfo,
      retire,
      destroy,
    }
  } catch (error) {
    const why = messageOf(error)
    destroy(why)
    // Without its cause, which says all that was sent.
    throw new Error(`${nameOf(endpoint)}: ${over ? reason : why}`)
  }
}
