/** slots of live rooms go to another master of a Cluster and come back, under load. */

import { slotOf } from '../../packages/server/src/redis/slots.ts'
import { clusterPartitions } from '../../packages/server/src/redis/tags.ts'
import { slotsMove } from '../support/redis-cases.ts'
import { atMost } from '../support/verdict.ts'

const slots = clusterPartitions.filter(({ index }) => index % 8 === 0).map(({ tag }) => slotOf(tag))
const { acknowledged, faults, gaps, latestMs, moved } = await slotsMove({
  seconds: 30,
  perSecond: 1_000,
  slots,
  rig: { rooms: 64 },
})
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `events lost, doubled or out of order, of ${acknowledged} acknowledged over ${moved} moves`
atMost('redis-slots', metric, { value: faults.length, limit: 0 })
atMost('redis-slots-gaps', 'gaps that clients were told of', { value: gaps, limit: 0 })
atMost('redis-slots-repair', 'the latest delivery, ms after its sending', { value: latestMs, limit: 5_000 })
process.exit()
