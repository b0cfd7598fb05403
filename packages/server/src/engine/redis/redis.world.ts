/**
 * Redis engines for the contract. All hosts of a test file share one Redis, each under a prefix of its own; scripts are told the
 * time of the host's clock, and moving that waits until what an engine then sent to Redis is answered.
 */
import { systemClock } from '../../lib/clock.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { nodeId } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { parseRedisAddress } from '../../redis/address.ts'
import { openRedis } from '../../redis/connect.ts'
import type { OpenRedis, Redis } from '../../redis/redis.ts'
import type { Engine } from '../engine.ts'
import type { EngineHost } from '../engine.world.ts'
import type { AnotherNode } from '../node.world.ts'
import { createRedisEngine } from './redis.ts'

const leaseMs = 30_000
/** As rarely as the contract lets it be: in a Cluster each sweep is 64 scripts. */
const presence = { leaseMs, sweepMs: 10_000, quietMs: 60_000 }
/** Timers of an engine run every so often at least; between two turns of the clock Redis is answered. */
const turnMs = 5_000

let hosts = 0

export const redisHost = (url: () => string) => async (): Promise<EngineHost> => {
  const cluster = new RedisCluster(url(), `contract${process.pid}x${hosts++}`)
  const { clock } = cluster
  const first = nodeId()
  let last: AnotherNode | undefined
  return {
    clock,
    durable: true,
    leaseMs,
    async next(after) {
      if (after === 'crash') await last?.kill()
      last = await cluster.open(first)
      return last.engine
    },
    another: () => cluster.open(nodeId()),
    close: () => cluster.close(),
  }
}

/** Nodes on one Redis, under one prefix. */
class RedisCluster {
  readonly clock: FakeClock
  readonly #url: string
  readonly #prefix: string
  readonly #opened: OpenRedis[] = []
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(url: string, prefix: string) {
    this.#url = url
    this.#prefix = prefix
    const clock = fakeClock()
    this.clock = { ...clock, advance: (ms) => this.#advance(clock, ms) }
  }

  async open(node: string): Promise<AnotherNode & { readonly engine: Engine }> {
    const { clock } = this
    const redis = await openRedis({
      address: parseRedisAddress(this.#url),
      prefix: this.#prefix,
      node,
      clock: systemClock,
      log: silentLog,
      metrics: noMetrics,
      time: () => clock.now(),
    })
    this.#opened.push(redis)
    return {
      engine: createRedisEngine({ redis: this.#watched(redis), node, clock, presence }),
      kill: () => redis.close(),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((redis) => redis.close()))
  }

  #watched(redis: Redis): Redis {
    const watch = <Result>(work: Promise<Result>): Promise<Result> => {
      this.#underWay.add(work)
      const over = () => this.#underWay.delete(work)
      work.then(over, over)
      return work
    }
    return {
      ...redis,
      run: (partition, call) => watch(redis.run(partition, call)),
      subscribe: (partition, channels, listener) => watch(redis.subscribe(partition, channels, listener)),
    }
  }

  async #advance(clock: FakeClock, ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= turnMs) {
      await clock.advance(Math.min(left, turnMs))
      await this.#answered()
      if (left <= turnMs) return
    }
  }

  /** Until nothing is under way, and what its answers led to is not either. */
  async #answered(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      while (this.#underWay.size > 0) {
        await Promise.allSettled(this.#underWay)
        quiet = 0
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
