/** Presence remembered every room that was ever compared, also those that the node never listened to: asking for names filled it. */
import { expect, test } from 'bun:test'
import { RedisBroker } from '../../packages/server/src/engine/redis/redis-broker.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import type { LogRoom } from '../../packages/server/src/model/room.ts'
import { type RoomKey, roomKey } from '../../packages/server/src/model/room-key.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const roomOf = (name: string): LogRoom => ({
  key: roomKey('clinic', name),
  log: { keep: 10, forMs: 60_000, durable: false },
})

test('presence is told of a comparison only where the room is heard, so that it can be told of the end', async () => {
  await using server = await startRedis()
  const given = { node: 'aaaaaaaa', clock: systemClock, log: silentLog, metrics: noMetrics }
  const redis = await openRedis({ ...given, address: parseRedisAddress(server.url) })
  const known = new Set<RoomKey>()
  const presence = {
    heard: () => {},
    compared: (room: RoomKey) => void known.add(room),
    ended: (room: RoomKey) => void known.delete(room),
  }
  const unreacted = { keysIn: () => ['owners', 'own'] as const }
  const broker = new RedisBroker({ ...given, redis, idempotencyMs: 1_000, unreacted, presence })

  for (let name = 0; name < 20; name++) await broker.read(roomOf(`invented:${name}`), { after: 'latest', limit: 1 })
  expect(known.size).toBe(0)

  const room = roomOf('ward:1')
  const lane = broker.laneOf(room.key)
  await broker.hear(lane, [room.key])
  await broker.compare(lane, [{ room, known: undefined }])
  expect([...known]).toEqual([room.key])
  const late = broker.compare(lane, [{ room, known: undefined }])
  await broker.unhear(lane, [room.key])
  await late
  expect(known.size).toBe(0)
  await redis.close()
})
