/** kill -9 of one of two nodes with 2,000 clients of three kinds, under publishes. Everybody is back on the other. */
import { killNode } from '../support/nodes-kill.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const clients = 2_000
const done = await killNode({ clients, rooms: 40, perSecond: 200, ends: true })
const { acknowledged, deliveries, cut, gone } = done
for (const fault of [...done.faults, ...done.presenceFaults, ...done.offlineFaults].slice(0, 40)) {
  process.stderr.write(`${fault}\n`)
}
atLeast('nodes-kill-cut', `clients cut off, of ${clients}`, { value: cut, limit: clients / 3 })
atMost('nodes-kill-back', `until the last was back, of ${cut} that were cut off, ms`, {
  value: done.backMs,
  limit: 30_000,
})
atMost(
  'nodes-kill',
  `events lost, doubled or out of order, of ${acknowledged} acknowledged and ${deliveries} delivered`,
  { value: done.faults.length, limit: 0 },
)
atMost('nodes-kill-presence', 'wrong members after 30 s, and wrong words about anybody before', {
  value: done.presenceFaults.length,
  limit: 0,
})
atMost('nodes-kill-ghosts', `until all who stayed were told of ${gone} users who are gone, ms`, {
  value: done.goneToldMs,
  limit: 30_000,
})
atMost('nodes-kill-offline', `users told as offline otherwise than once for ${gone} who are gone, never for others`, {
  value: done.offlineFaults.length,
  limit: 0,
})
process.exit()
