/**
 * While a slot is on its way, a script that is refused a key has done what it did before. One that ended presence had
 * forgotten the lease by then, and nothing ever ended the member.
 */
import { expect, test } from 'bun:test'
import { createRedisPresence } from '../../packages/server/src/engine/redis/presence.ts'
import { entriesKey, membersKey } from '../../packages/server/src/engine/redis/presence-keys.ts'
import { systemClock } from '../../packages/server/src/lib/clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import { eventually } from '../../packages/server/src/redis/servers.world.ts'
import { slotOf } from '../../packages/server/src/redis/slots.ts'

test('who leaves while the slot is on its way has left when it arrived', async () => {
  await using cluster = await startCluster()
  const given = { clock: systemClock, log: silentLog, metrics: noMetrics }
  const redis = await openRedis({ ...given, node: 'aaaaaaaa', address: parseRedisAddress(cluster.url) })
  const presence = createRedisPresence({ ...given, redis, leaseMs: 1_500, sweepMs: 200, quietMs: 60_000 })
  const stop = await presence.start({ changed: () => {} })

  for (const keyOf of [entriesKey, membersKey]) {
    const room = roomKey('clinic', `ward:${keyOf.name}`)
    const partition = redis.partitionOf(room)
    await presence.enter({ room, userId: 'ann', session: 's1' }, 'here')
    const slot = slotOf(partition.tag)
    const from = await cluster.masterOf(slot)
    const to = cluster.nodes.find((node) => node !== from)!
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
    await from.call('MIGRATE', to.host, to.port, keyOf(redis, partition, room), 0, 5_000)
    await presence.leave({ room, userId: 'ann', session: 's1' }, { graceMs: 0 }).catch(() => {})
    // Long enough for the sweep to have found the lease that is over.
    await Bun.sleep(2_000)
    await cluster.moveSlot(slot, from, to)
    await eventually('nobody is in', async () => (await presence.read(room)).length === 0, 10_000)
  }
  expect(redis.shards().every(({ healthy }) => healthy)).toBe(true)
  await stop()
  await redis.close()
}, 60_000)
