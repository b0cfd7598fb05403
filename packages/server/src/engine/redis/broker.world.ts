/** A broker on a real Redis, with an ear that remembers, and the time in the test's hand. */
import type { Json } from '@fanfare/protocol'
import { systemClock } from '../../lib/clock.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { silentLog } from '../../lib/log.ts'
import { type CounterName, noMetrics } from '../../lib/metrics.ts'
import type { LogPolicy, LogRoom } from '../../model/room.ts'
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import { parseRedisAddress } from '../../redis/address.ts'
import { openRedis } from '../../redis/connect.ts'
import type { OpenRedis } from '../../redis/redis.ts'
import type { RedisServer } from '../../redis/servers.world.ts'
import { policy } from '../engine.world.ts'
import type { Draft } from '../room-log.ts'
import type { Heard, Write, Written } from './broker.ts'
import { RedisBroker } from './redis-broker.ts'
import { RedisUnreacted } from './unreacted.ts'

type Publish = Extract<Write, { kind: 'publish' }>

let prefixes = 0

export class BrokerWorld implements AsyncDisposable {
  readonly heard: Heard[] = []
  readonly presence: string[] = []
  readonly counted = new Map<CounterName, number>()
  readonly clock: FakeClock = fakeClock()
  readonly redis: OpenRedis
  readonly broker: RedisBroker
  readonly unreacted: RedisUnreacted
  #ids = 0

  private constructor(redis: OpenRedis) {
    this.redis = redis
    this.unreacted = this.process('node0001')
    this.broker = new RedisBroker({
      redis,
      clock: this.clock,
      log: silentLog,
      metrics: { ...noMetrics, add: (name, by = 1) => void this.counted.set(name, (this.counted.get(name) ?? 0) + by) },
      idempotencyMs: 60_000,
      unreacted: this.unreacted,
      presence: {
        heard: (_, message) => void this.presence.push(message),
        compared: () => {},
        ended: () => {},
      },
    })
  }

  static async open(server: RedisServer): Promise<BrokerWorld> {
    let world: BrokerWorld | undefined
    const redis = await openRedis({
      address: parseRedisAddress(server.url),
      prefix: `broker${process.pid}x${prefixes++}`,
      node: 'node0001',
      clock: systemClock,
      log: silentLog,
      metrics: noMetrics,
      time: () => world?.clock.now() ?? 1,
    })
    world = new BrokerWorld(redis)
    await world.broker.start({ heard: (heard) => void world?.heard.push(heard), doubted: () => {} })
    return world
  }

  process(node: string): RedisUnreacted {
    return new RedisUnreacted({ redis: this.redis, node, clock: this.clock, log: silentLog })
  }

  room(name: string, changes: Partial<LogPolicy> = {}): LogRoom {
    return { key: roomKey('clinic', name), log: policy(changes) }
  }

  write(room: LogRoom, data: Json, options: Partial<Pick<Publish, 'key' | 'react' | 'known'>> = {}): Publish {
    const name = room.key.slice(room.key.indexOf('|') + 1)
    const timestamp = new Date(this.clock.now()).toISOString()
    const id = `event${++this.#ids}`
    const draft: Draft = { id, type: 'note', tenantId: 'clinic', room: name, data, timestamp }
    return { kind: 'publish', room, draft, react: false, ...options }
  }

  /** As the log would have it once all is as safe as was asked. */
  async send(...writes: readonly Write[]): Promise<readonly Written[]> {
    const written = await this.broker.write(this.broker.laneOf(writes[0]!.room.key), writes)
    return await Promise.all(
      written.map(async (each): Promise<Written> => {
        if (each.kind !== 'published' || !each.safe) return each
        return each.safe.then(
          () => each,
          (error: unknown) => ({ kind: 'failed', error }),
        )
      }),
    )
  }

  /** Publishes what must be stored. */
  async publish(...writes: readonly Publish[]) {
    return (await this.send(...writes)).map((written) => {
      if (written.kind !== 'published') throw written.kind === 'failed' ? written.error : new Error(written.kind)
      return written
    })
  }

  async listen(...rooms: readonly LogRoom[]): Promise<void> {
    for (const { key } of rooms) await this.broker.hear(this.broker.laneOf(key), [key])
  }

  async compare(room: LogRoom, known?: { readonly epoch: string; readonly offset: number }) {
    return (await this.broker.compare(this.broker.laneOf(room.key), [{ room, known }]))[0]!
  }

  async dataIn(room: LogRoom): Promise<readonly Json[]> {
    const slice = await this.broker.read(room, { after: 'earliest', limit: 10_000 })
    return slice.ok ? slice.events.map(({ data }) => data) : []
  }

  /** As this broker names it. */
  keyOf(kind: string, room: RoomKey): string {
    return this.redis.key(this.redis.partitionOf(room), kind, room)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.close()
  }
}
