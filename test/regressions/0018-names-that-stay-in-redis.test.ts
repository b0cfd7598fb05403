/** Asking where a room is left its name in Redis: that of every Socket.IO session for 30 days, that of some rooms for ever. */
import { expect, test } from 'bun:test'
import { createRedisEngine } from '../../packages/server/src/engine/redis/redis.ts'
import { ownRoom } from '../../packages/server/src/flows/own-room.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import type { LogRoom } from '../../packages/server/src/model/room.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const hours = 60 * 60_000
const forEver = { keep: 100, forMs: Number.POSITIVE_INFINITY, durable: true }

test('a room in which nothing was ever said leaves Redis soon after the last who asks for it', async () => {
  await using redis = await startRedis()
  const address = parseRedisAddress(redis.url)
  const given = { node: 'aaaaaaaa', clock: systemClock, log: silentLog, metrics: noMetrics }
  const open = await openRedis({ ...given, address })
  const { log } = createRedisEngine({ ...given, redis: open })
  const stop = await log.start({ deliver: () => {}, lost: () => {} })
  const lifeOf = async ({ key }: LogRoom): Promise<number> =>
    Number(await redis.call('PTTL', open.key(open.partitionOf(key), 'meta', key)))

  const session: LogRoom = ownRoom({ tenantId: 'clinic', session: 's1', forMs: 120_000 })
  await log.read(session, { after: 'latest', limit: 1 })
  expect(await lifeOf(session)).toBeWithin(240_000, 2 * hours)

  const room: LogRoom = { key: roomKey('clinic', 'ward:invented'), log: forEver }
  await log.read(room, { after: 'latest', limit: 1 })
  expect(await lifeOf(room)).toBeWithin(1, 24 * hours + 1)
  // What was said there is not forgotten.
  const draft = {
    id: 'e1',
    type: 'said',
    tenantId: 'clinic',
    room: 'ward:invented',
    data: 1,
    timestamp: '2026-01-01T00:00:00Z',
  }
  await log.publish(room, draft)
  expect(await lifeOf(room)).toBe(-1)

  await stop()
  await open.close()
})
