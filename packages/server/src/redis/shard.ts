/** One master as this node sees it: which partitions are there, the connection that commands, the one that hears. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { type Endpoint, nameOf } from './address.ts'
import { Commands } from './commands.ts'
import { type Connection, NotSent } from './connection.ts'
import type { Call, Partition, ShardState } from './redis.ts'
import type { Script } from './script.ts'
import { Subscriber } from './subscriber.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What all shards of a deployment share. */
export type ShardOptions = {
  readonly open: (endpoint: Endpoint, purpose: string) => Promise<Connection>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly subscriptions: Subscriptions
  readonly time: () => number
  readonly arrive: Script
  /** The key or channel of that name in the partition. */
  readonly keyOf: (partition: Partition, name: 'life' | 'beat') => string
  readonly beatMs: number
  /** What is wanted in this partition is heard; what was published before that may have been missed. */
  readonly onStanding: (partition: Partition) => void
  /** There is a new master, and it may know less than the one before. */
  readonly onFence: (partition: Partition) => void
  readonly onTrouble: (reason: string) => void
}

const visitMs = 10_000

export class Shard {
  readonly endpoint: Endpoint
  readonly #options: ShardOptions
  readonly #partitions = new Map<number, Partition>()
  readonly #commands: Commands
  readonly #subscriber: Subscriber
  #witness: Commands | undefined
  /** Beats that the server has not yet said that it published. */
  #unanswered = 0
  #visitedAt = Number.NEGATIVE_INFINITY
  /** The last that ended, by what it was for. */
  readonly #casualties = new Map<string, Connection>()

  constructor(endpoint: Endpoint, options: ShardOptions) {
    this.endpoint = endpoint
    this.#options = options
    this.#commands = this.#makeCommands('commands')
    const { open, clock, log, metrics, subscriptions, keyOf, beatMs, onStanding, onTrouble } = options
    this.#subscriber = new Subscriber({
      open: (endpoint) => open(endpoint, 'subscriber'),
      endpoint,
      clock,
      log,
      about: { address: this.address, for: 'subscriber' },
      subscriptions,
      beatChannelOf: (partition) => keyOf(partition, 'beat'),
      beatMs,
      beat: (channel, message) => void this.#beat(channel, message),
      onStanding,
      onTrouble: (reason) => {
        metrics.add('fanfare_redis_troubles_total')
        onTrouble(reason)
      },
    })
  }

  get address(): string {
    return nameOf(this.endpoint)
  }

  get subscriber(): Subscriber {
    return this.#subscriber
  }

  /** For questions that are of no partition; `undefined` while there is none. */
  get connection(): Connection | undefined {
    return this.#commands.current
  }

  has(partition: Partition): boolean {
    return this.#partitions.has(partition.index)
  }

  get empty(): boolean {
    return this.#partitions.size === 0
  }

  /** A redirection leads here: to be kept a while, though it has no partition. */
  isVisited(): boolean {
    return this.#options.clock.now() - this.#visitedAt < visitMs
  }

  visit(): void {
    this.#visitedAt = this.#options.clock.now()
  }

  state(): ShardState {
    return {
      address: this.address,
      partitions: [...this.#partitions.values()],
      healthy: this.#commands.current !== undefined && this.#unanswered <= 1 && this.#subscriber.healthy,
    }
  }

  /**
   * Waiting for replicas holds up all that comes behind it on its connection, for seconds when they are gone; so what waits
   * has a connection of its own.
   */
  commandsFor({ replicas = 0 }: Pick<Call, 'replicas'>): Commands {
    if (replicas === 0) return this.#commands
    this.#witness ??= this.#makeCommands('witness')
    this.#witness.start()
    return this.#witness
  }

  assign(partition: Partition): void {
    if (this.#partitions.has(partition.index)) return
    this.#partitions.set(partition.index, partition)
    this.#commands.start()
    this.#subscriber.start()
    void this.#commands.greet([partition])
    this.#subscriber.assign(partition)
  }

  release(partition: Partition): void {
    if (this.#partitions.delete(partition.index)) this.#subscriber.release(partition)
  }

  /** Asks again who the master is, from all connections. */
  renew(reason: string): void {
    this.#commands.renew(reason)
    this.#witness?.renew(reason)
  }

  /**
   * A call was sent and is given up. On one connection what is sent later comes later; where there are two, the one with the
   * call on it is ended, so that the call never comes after what the other sends.
   */
  giveUp({ replicas = 0 }: Pick<Call, 'replicas'>): void {
    if (this.#witness === undefined) return
    const commands = replicas === 0 ? this.#commands : this.#witness
    commands.abandon('a call was not answered in time')
  }

  async close(): Promise<void> {
    await Promise.all([this.#commands.close(), this.#witness?.close(), this.#subscriber.close()])
  }

  #makeCommands(purpose: 'commands' | 'witness'): Commands {
    const { endpoint } = this
    const { open, keyOf, onFence, metrics, onTrouble, clock, log, time, arrive } = this.#options
    const commands: Commands = new Commands({
      open: () => open(endpoint, purpose),
      endpoint,
      clock,
      log,
      about: { address: this.address, for: purpose },
      time,
      arrive,
      lifeOf: (partition) => keyOf(partition, 'life'),
      onFence,
      casualties: () => this.#casualties.values(),
      onEnd: (connection) => this.#ended(purpose, connection),
      onOpen: () => void commands.greet(this.#partitions.values()),
      onTrouble: (reason) => {
        metrics.add('fanfare_redis_troubles_total')
        onTrouble(reason)
      },
    })
    return commands
  }

  #ended(purpose: 'commands' | 'witness', connection: Connection): void {
    this.#casualties.set(purpose, connection)
    // At once, if the other is there; whoever comes in its place ends it for certain before it is used.
    void (purpose === 'commands' ? this.#witness : this.#commands)?.kill(connection).catch(() => {})
  }

  async #beat(channel: string, message: string): Promise<void> {
    this.#unanswered++
    try {
      // The connection that commands may open after the one that hears: whoever waits to begin need not wait for the next beat.
      const connection = await this.#commands.ready(this.#options.beatMs)
      await connection.send('SPUBLISH', channel, message)
      this.#unanswered = 0
    } catch (error) {
      // That there is none is told by whoever keeps it.
      if (!(error instanceof NotSent)) this.#options.onTrouble(error instanceof Error ? error.message : String(error))
    }
  }
}
