/** A master dies under load; Sentinel, then Cluster, put its replica in its place. What was acknowledged by the broker alone may be lost, and then a gap is told. */
import { failsOver } from '../support/redis-cases.ts'
import { atMost } from '../support/verdict.ts'

for (const on of ['sentinel', 'cluster'] as const) {
  const { acknowledged, backMs, faults, gaps } = await failsOver(on, { seconds: 15, perSecond: 1_000 })
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `events lost without a gap, doubled or out of order, of ${acknowledged} acknowledged; ${gaps} gaps told`
  atMost(`redis-failover-${on}`, metric, { value: faults.length, limit: 0 })
  atMost(`redis-failover-${on}-back`, 'delivery again after the new master, ms', { value: backMs, limit: 5_000 })
}
process.exit()
