/** The counts of a large tenant were one script, in which nobody else of that server was served for a quarter of a second and more. */
import { expect, test } from 'bun:test'
import type { LocalSessions, SessionInfo } from '../../packages/server/src/engine/directory.ts'
import { RedisDirectory } from '../../packages/server/src/engine/redis/directory.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import type { Redis, Reply } from '../../packages/server/src/redis/redis.ts'
import { eventually, startRedis } from '../../packages/server/src/redis/servers.world.ts'

const infoOf = (session: string): SessionInfo => ({
  session,
  userId: `user of ${session}`,
  link: 'websocket',
  rooms: [`ward:${session}`, 'hall'],
  openedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-02T00:00:00.000Z',
})

const nobody = { sessions: 0, users: 0, rooms: 0, sessionsByRoom: {}, sessionsByUser: {} }

test('the sessions of a large tenant are counted in small steps, all of them', async () => {
  await using server = await startRedis()
  const given = { clock: systemClock, log: silentLog, metrics: noMetrics }
  let largest = 0
  const node = async (name: string, sessions: readonly string[]) => {
    const open = await openRedis({ ...given, node: name, address: parseRedisAddress(server.url) })
    const run: Redis['run'] = async (partition, call) => {
      const reply = await open.run(partition, call)
      largest = Math.max(largest, sizeOf(reply))
      return reply
    }
    const redis: Redis = { ...open, run }
    const directory = new RedisDirectory({ ...given, redis, node: name })
    const local: LocalSessions = { find: infoOf, of: () => sessions.map(infoOf), count: () => nobody }
    const stop = await directory.start(local)
    directory.touch('clinic', 'any')
    return { directory, stop: () => stop().then(() => open.close()) }
  }
  const full = await node(
    'aaaaaaaa',
    Array.from({ length: 5_000 }, (_, index) => `s${index}`),
  )
  const asking = await node('bbbbbbbb', [])
  const counted = async () => (await asking.directory.count('clinic')).sessions
  await eventually('the node wrote what it has', async () => (await counted()) === 5_000)
  largest = 0
  const counts = await asking.directory.count('clinic')
  expect(counts).toMatchObject({ sessions: 5_000, users: 5_000, rooms: 5_001 })
  expect([counts.sessionsByRoom.hall, counts.sessionsByUser['user of s17']]).toEqual([5_000, 1])
  expect(largest).toBeLessThan(3_000)
  await Promise.all([full.stop(), asking.stop()])
})

const sizeOf = (reply: Reply): number =>
  Array.isArray(reply) ? reply.reduce((sum: number, one: Reply) => sum + sizeOf(one), 0) : 1
