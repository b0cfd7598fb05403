/**
 * The port to Redis for everything that lives there: engine, cache, trust. It knows servers, keys, scripts and channels, and
 * nothing of what they mean. One implementation (`connect.ts`) serves a single server, Sentinel and Cluster alike.
 *
 * Keys are spread over a fixed number of partitions; all keys of a partition are in one slot, so one script can work on any
 * of them. A channel is a sharded one, and is in a slot as a key is.
 */
import type { Script } from './script.ts'

/** Where a key lives. `tag` stands in the braces of the key and nowhere else, so that no client can steer it. */
export type Partition = { readonly index: number; readonly tag: string }

/**
 * One run of a script, which is one atomic step and one round trip. Every script is given first, before `args`:
 * ARGV[1] the time in ms since 1970, or 0 when the script is to ask the server; ARGV[2] the replication id of the master as
 * this connection knows it. A script that answers the error `FENCED`, or that the server could not begin to run (no such
 * script, a slot on its way, a master on its way), is run again until the time is over.
 */
export type Call = {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  /** Resolves only when so many replicas have what this connection wrote (WAITAOF where there is one, else WAIT). @default 0 */
  readonly replicas?: number
  /** From now to the answer. @default 2,500 */
  readonly timeoutMs?: number
}

/** What a script gives: numbers, texts and lists of them. */
export type Reply = number | string | null | readonly Reply[]

/** Synchronous and quick; what it throws is logged and counted, and harms no other. */
export type Listener = (channel: string, message: string) => void

/** One master, as operators and the canary see it. */
export type ShardState = {
  /** host:port of the master, or of whom Sentinel says it is. */
  readonly address: string
  readonly partitions: readonly Partition[]
  /** Commands are answered, and what is published comes back by the subscriber. */
  readonly healthy: boolean
}

export type Redis = {
  readonly partitions: readonly Partition[]
  /** The same for the same name on every node. */
  partitionOf(name: string): Partition
  /** The whole key: the deployment's prefix, the tag, the parts. Parts may hold any characters; the last may hold colons. */
  key(partition: Partition, ...parts: readonly string[]): string
  /** @throws FanfareError `unavailable` when it is not known to have run; it may run yet, so what is not idempotent needs a key */
  run(partition: Partition, call: Call): Promise<Reply>
  /** Resolves when the server has acknowledged: what is published later is heard, or doubt is raised. Once a channel, one listener. */
  subscribe(partition: Partition, channels: readonly string[], listener: Listener): Promise<void>
  unsubscribe(partition: Partition, channels: readonly string[]): Promise<void>
  /**
   * Calls back when messages of these partitions may have been missed (a connection broke, a subscriber went deaf, a slot
   * moved, a master changed) and the subscriptions stand again. The result ends it.
   */
  onDoubt(doubted: (partitions: readonly Partition[]) => void): () => void
  shards(): readonly ShardState[]
}

export type OpenRedis = Redis & {
  /** Ends the connections once what was sent is answered. */
  close(): Promise<void>
}
