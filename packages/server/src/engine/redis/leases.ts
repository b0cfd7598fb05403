/**
 * Leases in Redis. They are spread over a few partitions, so that a second's question of every node stays cheap however many
 * partitions there are. What Redis loses begins anew with the next hold; what ended meanwhile is then told by nobody.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Call, Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import { type Ended, type Held, type Leases, settleMs } from '../leases.ts'

const scripts = {
  hold: readScript(new URL('./scripts/leases-hold.lua', import.meta.url)),
  expire: readScript(new URL('./scripts/leases-expire.lua', import.meta.url)),
  settle: readScript(new URL('./scripts/leases-settle.lua', import.meta.url)),
  since: readScript(new URL('./scripts/leases-since.lua', import.meta.url)),
}

const mostPartitions = 8
/** Of one script, which nothing else of its server runs beside. */
const thingsPerCall = 500
/** After so long without a node that holds or asks, a deployment is over. */
const keptMs = 24 * 60 * 60_000

type Portion = { readonly partition: Partition; readonly names: string[] }

export class RedisLeases implements Leases {
  readonly #redis: Redis
  readonly #partitions: readonly Partition[]
  #running = false

  constructor(redis: Redis) {
    this.#redis = redis
    const every = Math.ceil(redis.partitions.length / mostPartitions)
    this.#partitions = redis.partitions.filter((_, index) => index % every === 0)
  }

  async start(): Promise<() => Promise<void>> {
    this.#running = true
    return async () => {
      this.#running = false
    }
  }

  async hold(things: readonly Held[], forMs: number): Promise<void> {
    this.#mustRun()
    const calls = this.#portionsOf(things).map(({ partition, names }) => {
      const keys = this.#keysOf(partition).slice(0, 2)
      return this.#redis.run(partition, { script: scripts.hold, keys, args: [forMs, keptMs + forMs, ...names] })
    })
    await Promise.all(calls)
  }

  async heldSince(things: readonly Held[]): Promise<readonly (number | undefined)[]> {
    this.#mustRun()
    const found = new Map<string, number>()
    const calls = this.#portionsOf(things).map(async ({ partition, names }) => {
      const keys = this.#keysOf(partition).slice(1, 2)
      const reply = await this.#redis.run(partition, { script: scripts.since, keys, args: names })
      const times = Array.isArray(reply) ? reply : []
      for (const [index, name] of names.entries()) if (times[index]) found.set(name, Number(times[index]))
    })
    await Promise.all(calls)
    return things.map((thing) => found.get(textOf(thing)))
  }

  /** By the partition that they are in, so many at most as one script is to take. */
  #portionsOf(things: readonly Held[]): readonly Portion[] {
    const last = new Map<Partition, Portion>()
    const all: Portion[] = []
    for (const thing of things) {
      const partition = this.#partitionOf(thing)
      let portion = last.get(partition)
      if (!portion || portion.names.length === thingsPerCall) {
        portion = { partition, names: [] }
        last.set(partition, portion)
        all.push(portion)
      }
      portion.names.push(textOf(thing))
    }
    return all
  }

  /** Whoever begins elsewhere each time meets what others have left. */
  async expire(limit: number): Promise<readonly Ended[]> {
    this.#mustRun()
    const taken: Ended[] = []
    let failure: unknown
    const first = Math.floor(Math.random() * this.#partitions.length)
    for (let turn = 0; turn < this.#partitions.length && taken.length < limit; turn++) {
      const partition = this.#partitions[(first + turn) % this.#partitions.length]!
      const args = [limit - taken.length, settleMs, keptMs]
      try {
        const keys = this.#keysOf(partition)
        taken.push(...endedOf(await this.#redis.run(partition, { script: scripts.expire, keys, args })))
      } catch (error) {
        failure = error
      }
    }
    // What was taken is ours to deal with, whatever became of the other partitions; they are asked again soon.
    if (taken.length === 0 && failure !== undefined) throw failure
    return taken
  }

  async settle(ended: Ended): Promise<void> {
    this.#mustRun()
    const partition = this.#partitionOf(ended)
    const call: Call = {
      script: scripts.settle,
      keys: this.#keysOf(partition).slice(2),
      args: [`${ended.since}|${textOf(ended)}`],
    }
    await this.#redis.run(partition, call)
  }

  #partitionOf({ kind, tenantId, name }: Held): Partition {
    const { index } = this.#redis.partitionOf(`${kind}|${tenantId}|${name}`)
    return this.#partitions[index % this.#partitions.length]!
  }

  #keysOf(partition: Partition): readonly string[] {
    return ['held', 'since', 'taken'].map((name) => this.#redis.key(partition, 'leases', name))
  }

  #mustRun(): void {
    if (!this.#running) throw new FanfareError('unavailable', 'The engine is not running.')
  }
}

const textOf = ({ kind, tenantId, name }: Held): string => JSON.stringify([kind, tenantId, name])

const endedOf = (reply: Reply): readonly Ended[] => (Array.isArray(reply) ? reply.flatMap(readEnded) : [])

/** What is not of our making is passed over; it is given out again, and passed over again, until its key is gone. */
const readEnded = (member: unknown): readonly Ended[] => {
  const text = String(member)
  const bar = text.indexOf('|')
  const since = Number(text.slice(0, bar))
  try {
    const [kind, tenantId, name] = JSON.parse(text.slice(bar + 1)) as unknown[]
    if ((kind !== 'user' && kind !== 'room') || typeof tenantId !== 'string' || typeof name !== 'string') return []
    return Number.isSafeInteger(since) ? [{ kind, tenantId, name, since }] : []
  } catch {
    return []
  }
}
