/** What stores need of Redis in tests: one server for a file, and a prefix, a clock and any number of connections for each case. */

import { systemClock } from '../lib/clock.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { secretId } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { parseRedisAddress } from '../redis/address.ts'
import { openRedis } from '../redis/connect.ts'
import type { OpenRedis } from '../redis/redis.ts'

export type RedisPlace = {
  /** What scripts are told. */
  readonly clock: FakeClock
  /** As a node of its own has it. */
  connect(): Promise<OpenRedis>
  close(): Promise<void>
}

/** @param url of a server that is shared; what this place keeps there nobody else sees */
export const redisPlace = (url: string): RedisPlace => {
  const clock = fakeClock()
  const prefix = `test-${secretId()}`
  const opened: OpenRedis[] = []
  return {
    clock,
    async connect() {
      const redis = await openRedis({
        address: parseRedisAddress(url),
        prefix,
        node: secretId(),
        clock: systemClock,
        log: silentLog,
        metrics: noMetrics,
        time: clock.now,
      })
      opened.push(redis)
      return redis
    },
    async close() {
      await Promise.all(opened.map((redis) => redis.close()))
    },
  }
}
