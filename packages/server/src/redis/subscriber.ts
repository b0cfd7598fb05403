/**
 * The connection to one master by which this node hears. It brings back by itself what is wanted there: after it was opened
 * anew, after a slot came here, after the server took subscriptions away. It only hands messages on.
 */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Endpoint } from './address.ts'
import { refuseUnfit } from './commands.ts'
import type { Connection } from './connection.ts'
import { Heartbeat } from './heartbeat.ts'
import { Kept } from './kept.ts'
import type { Partition } from './redis.ts'
import type { Subscriptions } from './subscriptions.ts'

export type SubscriberOptions = {
  readonly open: (endpoint: Endpoint) => Promise<Connection>
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly log: Log
  readonly about: { readonly [name: string]: string }
  readonly subscriptions: Subscriptions
  /** The channel of this node's beats in a partition. */
  readonly beatChannelOf: (partition: Partition) => string
  readonly beatMs: number
  readonly beat: (channel: string, message: string) => void
  /** All that is wanted in this partition is heard again. */
  readonly onStanding: (partition: Partition) => void
  /** It ended, could not be opened, or a slot is not where it was thought to be. */
  readonly onTrouble: (reason: string) => void
}

const chunkSize = 500

/** What one SSUBSCRIBE takes at a time, so that none holds up the server. */
export const chunksOf = (channels: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(channels.length / chunkSize) }, (_, index) =>
    channels.slice(index * chunkSize, (index + 1) * chunkSize),
  )

const againMs = 100

export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #kept: Kept
  readonly #partitions = new Map<number, Partition>()
  /** Partitions that are heard; those with a token of a restoration under way are not yet. */
  readonly #standing = new Set<number>()
  readonly #restoring = new Map<number, symbol>()
  #heartbeat: Heartbeat | undefined
  #beatChannel: string | undefined
  #moving = false

  constructor(options: SubscriberOptions) {
    this.#options = options
    const { clock, log, about, onTrouble } = options
    this.#kept = new Kept({
      clock,
      log,
      about,
      open: () => this.#open(),
      onOpen: (connection) => this.#opened(connection),
      onTrouble: (reason) => {
        this.#silence()
        onTrouble(reason)
      },
    })
  }

  get healthy(): boolean {
    return (
      this.#kept.current !== undefined &&
      this.#heartbeat?.healthy === true &&
      this.#standing.size === this.#partitions.size
    )
  }

  start(): void {
    this.#kept.start()
  }

  ready(withinMs: number): Promise<Connection> {
    return this.#kept.ready(withinMs)
  }

  assign(partition: Partition): void {
    this.#partitions.set(partition.index, partition)
    const { current } = this.#kept
    if (current !== undefined) void this.#restore(current, partition)
  }

  release(partition: Partition): void {
    this.#partitions.delete(partition.index)
    this.#standing.delete(partition.index)
    this.#restoring.delete(partition.index)
    void this.drop(this.#options.subscriptions.channelsOf(partition))
  }

  /** Asks to be told no more. Where that fails the connection is over, and with it what it heard. */
  async drop(channels: readonly string[]): Promise<void> {
    const { current } = this.#kept
    if (current === undefined) return
    await Promise.allSettled(chunksOf(channels).map((chunk) => current.send('SUNSUBSCRIBE', ...chunk)))
  }

  async close(): Promise<void> {
    this.#silence()
    await this.#kept.close()
  }

  async #open(): Promise<Connection> {
    const { open, endpoint } = this.#options
    const connection = await open(endpoint)
    try {
      refuseUnfit(connection.info)
      return connection
    } catch (error) {
      connection.destroy('it was not fit for use')
      throw error
    }
  }

  #opened(connection: Connection): void {
    const { clock, subscriptions, beatMs } = this.#options
    this.#standing.clear()
    this.#beatChannel = undefined
    const heartbeat: Heartbeat = new Heartbeat({
      clock,
      everyMs: beatMs,
      beat: (message) => void this.#beat(connection, message),
      onDeaf: () => {
        heartbeat.stop()
        connection.destroy('what is published does not come back')
      },
    })
    this.#heartbeat = heartbeat
    connection.onMessage((channel, message) => {
      if (channel !== this.#beatChannel) subscriptions.dispatch(channel, message)
      else if (!heartbeat.hear(message)) subscriptions.refused()
    })
    connection.onMoved(() => this.#moved(connection))
    heartbeat.start()
    for (const partition of this.#partitions.values()) void this.#restore(connection, partition)
  }

  /** The beat goes through a slot that this master has; when that slot leaves, through another. */
  async #beat(connection: Connection, message: string): Promise<void> {
    const { beatChannelOf, beat, onTrouble } = this.#options
    const [first] = this.#partitions.values()
    if (first === undefined) return
    const channel = beatChannelOf(first)
    try {
      if (this.#beatChannel !== channel) await connection.send('SSUBSCRIBE', channel)
      this.#beatChannel = channel
      beat(channel, message)
    } catch (error) {
      onTrouble(error instanceof Error ? error.message : String(error))
    }
  }

  /** Told once for every channel of a slot: gathers them, and asks for all again where they are now. */
  #moved(connection: Connection): void {
    if (this.#moving) return
    this.#moving = true
    this.#standing.clear()
    this.#options.onTrouble('a slot moved')
    this.#options.clock.after(againMs, () => {
      this.#moving = false
      this.#beatChannel = undefined
      for (const partition of this.#partitions.values()) void this.#restore(connection, partition)
    })
  }

  async #restore(connection: Connection, partition: Partition): Promise<void> {
    const { subscriptions, onStanding, onTrouble } = this.#options
    const token = Symbol(partition.tag)
    this.#restoring.set(partition.index, token)
    this.#standing.delete(partition.index)
    const isWanted = () => connection.open && this.#restoring.get(partition.index) === token
    while (isWanted()) {
      try {
        for (const chunk of chunksOf(subscriptions.channelsOf(partition))) {
          const wanted = chunk.filter((channel) => subscriptions.wants(channel))
          if (wanted.length > 0 && isWanted()) await connection.send('SSUBSCRIBE', ...wanted)
        }
        if (!isWanted()) return
        this.#restoring.delete(partition.index)
        this.#standing.add(partition.index)
        return onStanding(partition)
      } catch (error) {
        onTrouble(error instanceof Error ? error.message : String(error))
        await new Promise<void>((resolve) => void this.#options.clock.after(againMs, resolve))
      }
    }
  }

  #silence(): void {
    this.#heartbeat?.stop()
    this.#heartbeat = undefined
    this.#standing.clear()
    this.#restoring.clear()
  }
}
