/**
 * The engine of many nodes: everything that they share is in Redis, and a node that dies takes nothing with it. Puts its
 * parts together; owns none of what they do.
 */
import { defaultLimits } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { type Metrics, noMetrics } from '../../lib/metrics.ts'
import type { Redis } from '../../redis/redis.ts'
import type { Engine } from '../engine.ts'
import { RedisBus } from './bus.ts'
import { redisCanaries } from './canaries.ts'
import { RedisCourier } from './courier.ts'
import { RedisDirectory } from './directory.ts'
import { RedisLeases } from './leases.ts'
import { createRedisPresence, type RedisPresenceOptions } from './presence.ts'
import { reactingLog } from './reacting-log.ts'
import { RedisBroker } from './redis-broker.ts'
import { createRoomLog } from './room-log.ts'
import { createRedisSessionStates } from './session-states.ts'
import { RedisUnreacted } from './unreacted.ts'

export type RedisEngineOptions = {
  /** Open before the engine starts, and closed by whoever opened it after the engine has ended. */
  readonly redis: Redis
  /** {@link Engine.node} */
  readonly node: string
  readonly clock: Clock
  /** @default nothing is logged */
  readonly log?: Log
  /** @default nothing is counted */
  readonly metrics?: Metrics
  /** How long a repeated key gives the first result. @default 5 minutes */
  readonly idempotencyMs?: number
  /** @default as there */
  readonly presence?: Pick<RedisPresenceOptions, 'leaseMs' | 'sweepMs' | 'quietMs'>
}

const defaults = { log: silentLog, metrics: noMetrics, idempotencyMs: defaultLimits.idempotencyMs, presence: {} }

export const createRedisEngine = (options: RedisEngineOptions): Engine => {
  const settings = { ...defaults, ...options }
  const { redis, node, clock, log, metrics, idempotencyMs } = settings
  const presence = createRedisPresence({ redis, clock, log, metrics, ...settings.presence })
  const unreacted = new RedisUnreacted({ redis, node, clock, log })
  const broker = new RedisBroker({ redis, clock, log, metrics, idempotencyMs, unreacted, presence: presence.ear })
  const rooms = createRoomLog({ broker, clock, log, metrics })
  const bus = new RedisBus({ redis, rooms, clock, log, metrics })
  return {
    name: 'redis',
    node,
    log: bus.around(reactingLog(rooms, unreacted)),
    presence,
    bus,
    unreacted,
    sessions: createRedisSessionStates({ redis }),
    leases: new RedisLeases(redis),
    directory: new RedisDirectory({ redis, node, clock, log }),
    courier: new RedisCourier({ redis, node, clock, log, metrics }),
    canaries: redisCanaries(redis),
    problems: () =>
      redis
        .shards()
        .filter(({ healthy }) => !healthy)
        .map(({ address }) => `Redis at ${address} does not answer, or what is published there does not come back`),
  }
}
