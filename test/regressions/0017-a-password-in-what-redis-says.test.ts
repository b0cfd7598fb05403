/** A server that does not know AUTH repeats in its error what came with it, and the error of the start repeated that. */
import { expect, test } from 'bun:test'
import { inspect } from 'node:util'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import type { LogFields } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { reachRedis } from '../../packages/server/src/redis/reach.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

test('what an old or renamed AUTH answers does not take the password into errors and logs', async () => {
  const unknown = ['AUTH', 'HELLO'].map((command) => ['rename-command', command, ''])
  await using redis = await startRedis({ directives: unknown })
  const said: unknown[] = []
  const say = (fields: LogFields, message: string) => void said.push(message, fields)
  const options = {
    address: parseRedisAddress(redis.url.replace('redis://', 'redis://ann:hunter2@')),
    node: 'a',
    clock: systemClock,
    log: { debug: say, info: say, warn: say, error: say },
    metrics: noMetrics,
    openMs: 500,
  }
  const error = await reachRedis(options).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(String(error)).toContain("unknown command 'auth'")
  expect(inspect([error, said], { depth: 12 })).not.toContain('hunter2')
})
