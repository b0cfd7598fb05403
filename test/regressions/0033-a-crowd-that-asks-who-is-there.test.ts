/** Everybody who asked who is in a room had all its members read from Redis for themselves, also a thousand at once. */
import { expect, test } from 'bun:test'
import { createRedisPresence } from '../../packages/server/src/engine/redis/presence.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import type { Redis } from '../../packages/server/src/redis/redis.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

test('a thousand who ask at once who is in a room cost Redis two questions', async () => {
  await using server = await startRedis()
  const given = { clock: systemClock, log: silentLog, metrics: noMetrics }
  const open = await openRedis({ ...given, node: 'aaaaaaaa', address: parseRedisAddress(server.url) })
  let reads = 0
  const run: Redis['run'] = (partition, call) => {
    if (call.script.name === 'presence-read.lua') reads++
    return open.run(partition, call)
  }
  const presence = createRedisPresence({ ...given, redis: { ...open, run } })
  const room = roomKey('clinic', 'ward:1')
  await presence.enter({ room, userId: 'ann', session: 's1' }, 'here')
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => presence.read(room)))
  expect(answers.every((members) => members[0]?.userId === 'ann')).toBe(true)
  expect(reads).toBe(2)
  await open.close()
})
