/**
 * Which shard has which partition now, and when to ask again. Owns the shards: opens those that the topology names, closes
 * those that it no longer does; a partition is at one of them or, while nobody has its slot, at none.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Endpoint, nameOf } from './address.ts'
import { NotSent } from './connection.ts'
import type { Partition, ShardState } from './redis.ts'
import { Shard, type ShardOptions } from './shard.ts'
import type { Topology } from './topology.ts'

export type RoutesOptions = {
  readonly topology: Topology
  readonly clock: Clock
  readonly log: Log
  readonly shard: Omit<ShardOptions, 'onTrouble'>
}

/** Between two questions, however much trouble there is. */
const restMs = 100
/** How soon something that is not well is looked at again, though nobody complains. */
const lookMs = 1_000

export class Routes {
  readonly #options: RoutesOptions
  readonly #shards = new Map<string, Shard>()
  readonly #owners = new Map<number, Shard>()
  readonly #ending = new Set<Promise<void>>()
  #asking: Promise<void> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #closed = false

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  /** @throws Error when nobody says who the masters are */
  async start(): Promise<void> {
    const { topology, clock } = this.#options
    await this.#ask()
    topology.onChange(() => void this.refresh())
    const { everyMs } = topology
    if (everyMs === undefined) return
    this.#timer = clock.every(lookMs, () => {
      const unwell = this.states().some(({ healthy }) => !healthy)
      if (unwell || clock.now() - this.#askedAt >= everyMs) void this.refresh()
    })
  }

  /** Every partition is in one of them: those that nobody has at the moment stand together, and are not well. */
  states(): readonly ShardState[] {
    const lost = this.#options.topology.partitions.filter(({ index }) => !this.#owners.has(index))
    const nobody = { address: 'nobody', partitions: lost, healthy: false }
    return [...this.shards.map((shard) => shard.state()), ...(lost.length === 0 ? [] : [nobody])]
  }

  get shards(): readonly Shard[] {
    return [...this.#shards.values()].filter((shard) => !shard.empty)
  }

  /** @throws NotSent while nobody has its slot */
  ownerOf(partition: Partition): Shard {
    const owner = this.#owners.get(partition.index)
    if (owner === undefined) throw new NotSent('no master has this slot')
    return owner
  }

  /** A master that a redirection names; it may have no partition yet. */
  shardAt(endpoint: Endpoint): Shard {
    const name = nameOf(endpoint)
    const { shard: options } = this.#options
    const shard = this.#shards.get(name) ?? new Shard(endpoint, { ...options, onTrouble: () => void this.refresh() })
    this.#shards.set(name, shard)
    return shard
  }

  /** Asks who the masters are, at once or a little later; one question at a time. Never throws. */
  refresh(): Promise<void> {
    if (this.#options.topology.everyMs === undefined) return Promise.resolve()
    this.#asking ??= this.#askAgain()
    return this.#asking
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    const closing = [...this.#shards.values()].map((shard) => shard.close())
    await Promise.all([...closing, ...this.#ending, this.#options.topology.close()])
  }

  async #askAgain(): Promise<void> {
    const { clock, log } = this.#options
    try {
      const rest = this.#askedAt + restMs - clock.now()
      if (rest > 0) await new Promise<void>((resolve) => void clock.after(rest, resolve))
      if (!this.#closed) await this.#ask()
    } catch (error) {
      log.debug({ error }, 'nobody says who the masters of Redis are')
    } finally {
      this.#asking = undefined
    }
  }

  async #ask(): Promise<void> {
    const { topology, clock } = this.#options
    this.#askedAt = clock.now()
    const open = [...this.#shards.values()].flatMap(({ connection }) => connection ?? [])
    const masters = await topology.masters(open)
    if (this.#closed) return
    const owners = new Map<number, Shard>()
    for (const { endpoint, partitions } of masters) {
      for (const { index } of partitions) owners.set(index, this.shardAt(endpoint))
    }
    for (const partition of topology.partitions) this.#give(partition, owners.get(partition.index))
    for (const shard of this.#shards.values()) if (shard.empty && !shard.isVisited()) this.#end(shard)
  }

  #give(partition: Partition, owner: Shard | undefined): void {
    const before = this.#owners.get(partition.index)
    if (before === owner) return
    before?.release(partition)
    if (owner === undefined) this.#owners.delete(partition.index)
    else this.#owners.set(partition.index, owner)
    owner?.assign(partition)
  }

  #end(shard: Shard): void {
    this.#shards.delete(shard.address)
    const ending = shard.close().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}
