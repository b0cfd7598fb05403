/**
 * Nodes on a real Redis that have of the Redis engine only what is not rooms: leases, directory, courier and bus. Rooms are
 * one log in this process that all of them share and that can lose its place.
 */
import { systemClock } from '../../lib/clock.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { nodeId } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { type CounterName, type Metrics, noMetrics } from '../../lib/metrics.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { parseRedisAddress } from '../../redis/address.ts'
import { openRedis } from '../../redis/connect.ts'
import type { OpenRedis } from '../../redis/redis.ts'
import type { RedisServer } from '../../redis/servers.world.ts'
import { createEmbeddedEngine } from '../embedded/embedded.ts'
import type { Engine } from '../engine.ts'
import type { AnotherNode } from '../node.world.ts'
import type { RoomLog, RoomSink } from '../room-log.ts'
import { RedisBus } from './bus.ts'
import { redisCanaries } from './canaries.ts'
import { RedisCourier } from './courier.ts'
import { RedisDirectory } from './directory.ts'
import { RedisLeases } from './leases.ts'

type Listening = { readonly sink: RoomSink; readonly rooms: Set<RoomKey> }

/** One log for several nodes. */
export class SharedRooms {
  readonly #log: RoomLog
  readonly #nodes = new Set<Listening>()
  #starting: Promise<() => Promise<void>> | undefined

  constructor(clock: FakeClock) {
    this.#log = createEmbeddedEngine({ clock, disk: 'none' }).log
  }

  /** As one node has it. */
  node(): RoomLog {
    const log = this.#log
    let here: Listening | undefined
    return {
      start: async (sink) => {
        this.#starting ??= log.start(this.#everybody())
        await this.#starting
        const listening = { sink, rooms: new Set<RoomKey>() }
        here = listening
        this.#nodes.add(listening)
        return async () => void this.#nodes.delete(listening)
      },
      listen: async (room) => {
        here?.rooms.add(room.key)
        await log.listen(room)
      },
      unlisten: async (room) => void here?.rooms.delete(room.key),
      publish: (room, draft, options) => log.publish(room, draft, options),
      read: (room, query) => log.read(room, query),
      forget: (room) => log.forget(room),
    }
  }

  #everybody(): RoomSink {
    const of = (room: RoomKey) => [...this.#nodes].filter(({ rooms }) => rooms.has(room))
    return {
      deliver(room, epoch, event) {
        for (const { sink } of of(room)) sink.deliver(room, epoch, event)
      },
      lost(room) {
        for (const { sink } of of(room)) sink.lost(room)
      },
    }
  }
}

export class ControlWorld implements AsyncDisposable {
  readonly clock = fakeClock()
  readonly rooms = new SharedRooms(this.clock)
  readonly server: RedisServer
  readonly counted = new Map<CounterName, number>()
  readonly #opened: OpenRedis[] = []
  static #prefixes = 0
  readonly #prefix = `t${process.pid}x${ControlWorld.#prefixes++}`

  constructor(server: RedisServer) {
    this.server = server
  }

  get metrics(): Metrics {
    return { ...noMetrics, add: (name, by = 1) => void this.counted.set(name, (this.counted.get(name) ?? 0) + by) }
  }

  async node(): Promise<AnotherNode & { readonly redis: OpenRedis; readonly bus: RedisBus }> {
    const { clock, metrics } = this
    const node = nodeId()
    const redis = await openRedis({
      address: parseRedisAddress(this.server.url),
      prefix: this.#prefix,
      node,
      clock: systemClock,
      log: silentLog,
      metrics,
      time: () => clock.now(),
    })
    this.#opened.push(redis)
    const given = { redis, node, clock, log: silentLog, metrics }
    const rooms = this.rooms.node()
    const bus = new RedisBus({ ...given, rooms })
    const engine: Engine = {
      ...createEmbeddedEngine({ clock, disk: 'none' }),
      node,
      log: bus.around(rooms),
      bus,
      leases: new RedisLeases(redis),
      directory: new RedisDirectory(given),
      courier: new RedisCourier(given),
      canaries: redisCanaries(redis),
    }
    return { engine, redis, bus, kill: () => redis.close() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((redis) => redis.close()))
  }
}
