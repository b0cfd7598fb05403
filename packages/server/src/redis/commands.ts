/**
 * A connection to one master on which scripts run. Before anything else is said on a new one, those that ended are killed at
 * the server (what they still had on their way never runs after what comes now), and each partition's life is told who the
 * master is.
 */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Endpoint } from './address.ts'
import { type Connection, NotSent, type ServerInfo } from './connection.ts'
import { evaluate } from './evaluate.ts'
import { Kept } from './kept.ts'
import type { Call, Partition, Reply } from './redis.ts'
import { refusalOf } from './refusal.ts'
import type { Script } from './script.ts'

export type CommandsOptions = {
  readonly open: (endpoint: Endpoint) => Promise<Connection>
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly log: Log
  readonly about: { readonly [name: string]: string }
  /** ARGV[1] of every script. */
  readonly time: () => number
  readonly arrive: Script
  readonly lifeOf: (partition: Partition) => string
  /** A new master was found: what was known of these logs is to be compared. */
  readonly onFence: (partition: Partition) => void
  /** Connections to this master that ended; the server may still read from them. */
  readonly casualties: () => Iterable<Connection>
  readonly onOpen: () => void
  readonly onEnd: (connection: Connection) => void
  readonly onTrouble: (reason: string) => void
}

export type Attempt = {
  readonly partition: Partition
  readonly call: Call
  readonly withinMs: number
  /** On the server that the slot is on its way to. */
  readonly asking: boolean
  /** Whether anybody still waits for it. */
  readonly isWanted: () => boolean
}

/** What one connection has said so far. */
type Visit = { readonly connection: Connection; replid: string; readonly arrivals: Map<number, Promise<void>> }

/** The answer of a wait comes before the connection is given up for silence, and before the call is. */
const longestWaitMs = 2_000
const waitShare = 0.8

export class Commands {
  readonly #options: CommandsOptions
  readonly #kept: Kept
  #visit: Visit | undefined

  constructor(options: CommandsOptions) {
    this.#options = options
    const { clock, log, about, onOpen, onTrouble } = options
    this.#kept = new Kept({ clock, log, about, open: () => this.#open(), onOpen, onTrouble })
  }

  get current(): Connection | undefined {
    return this.#kept.current
  }

  start(): void {
    this.#kept.start()
  }

  ready(withinMs: number): Promise<Connection> {
    return this.#kept.ready(withinMs)
  }

  renew(reason: string): void {
    this.#kept.renew(reason)
  }

  /** Ends it now, whatever is under way. */
  abandon(reason: string): void {
    this.#kept.current?.destroy(reason)
  }

  close(): Promise<void> {
    return this.#kept.close()
  }

  /** @throws whatever the server answers; see {@link refusalOf} */
  async attempt({ partition, call, withinMs, asking, isWanted }: Attempt): Promise<Reply> {
    const { clock, time } = this.#options
    const until = clock.now() + withinMs
    const visit = this.#visitOf(await this.#kept.ready(withinMs))
    await this.#arrived(visit, partition, asking)
    if (!isWanted()) throw new NotSent('nobody waits for it any more')
    const waitMs = Math.min(longestWaitMs, (until - clock.now()) * waitShare)
    return evaluate(visit.connection, { call, time: time(), replid: visit.replid, waitMs, asking, isWanted })
  }

  /** Says who the master is before the first call asks for it. */
  async greet(partitions: Iterable<Partition>): Promise<void> {
    const { current } = this
    if (current === undefined) return
    const visit = this.#visitOf(current)
    await Promise.allSettled([...partitions].map((partition) => this.#arrived(visit, partition, false)))
  }

  /** The server does not know this connection by the name that it uses: asks for the name, and says it anew. */
  async introduce(partition: Partition): Promise<void> {
    const connection = this.current
    if (connection === undefined) return
    const visit = this.#visitOf(connection)
    const { replid } = await connection.readInfo()
    if (replid !== visit.replid) visit.arrivals.clear()
    visit.replid = replid
    visit.arrivals.delete(partition.index)
  }

  #visitOf(connection: Connection): Visit {
    if (this.#visit?.connection !== connection) {
      this.#visit = { connection, replid: connection.info.replid, arrivals: new Map() }
    }
    return this.#visit
  }

  #arrived(visit: Visit, partition: Partition, asking: boolean): Promise<void> {
    const already = visit.arrivals.get(partition.index)
    if (already !== undefined) return already
    const arrival = this.#arrive(visit, partition, asking)
    visit.arrivals.set(partition.index, arrival)
    arrival.catch(() => {
      if (visit.arrivals.get(partition.index) === arrival) visit.arrivals.delete(partition.index)
    })
    return arrival
  }

  async #arrive({ connection, replid }: Visit, partition: Partition, asking: boolean): Promise<void> {
    const { arrive, lifeOf, time, onFence } = this.#options
    const call = { script: arrive, keys: [lifeOf(partition)], args: [] }
    if ((await evaluate(connection, { call, time: time(), replid, waitMs: 0, asking, isWanted: () => true })) === 1)
      onFence(partition)
  }

  /** Sent at once: whatever is sent by this one later comes after it. */
  async kill(casualty: Connection, by = this.current): Promise<void> {
    // A server that began anew counts from 1 again, and the number is another's.
    if (by === undefined || casualty.id === 0 || casualty.info.runId !== by.info.runId) return
    try {
      await by.send('CLIENT', 'KILL', 'ID', casualty.id)
    } catch (error) {
      if (refusalOf(error).kind !== 'denied') throw error
      this.#options.log.warn(
        this.#options.about,
        'Redis does not let this user CLIENT KILL; late writes may be out of order',
      )
    }
  }

  async #open(): Promise<Connection> {
    const { open, endpoint, casualties, onEnd } = this.#options
    const connection = await open(endpoint)
    try {
      refuseUnfit(connection.info)
      await Promise.all([...casualties()].map((casualty) => this.kill(casualty, connection)))
      void connection.ended.then(() => onEnd(connection))
      return connection
    } catch (error) {
      connection.destroy('it was not fit for use')
      throw error
    }
  }
}

export const refuseUnfit = ({ role, loading }: ServerInfo): void => {
  if (role === 'replica') throw new Error('this server is a replica; its master takes the writes')
  if (loading) throw new Error('this server still reads its data from disk')
}
