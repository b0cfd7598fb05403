/**
 * A master dies under load; Sentinel, then Cluster, put its replica in its place: what was acknowledged by the broker alone
 * may be lost, and then a gap is told. And an operator changes master and replica, there and back: nothing is lost, if the
 * old master takes no writes meanwhile; a Cluster sees to that itself, for Sentinels the operator does.
 */
import { failsOver, handsOver } from '../support/redis-cases.ts'
import type { Outcome } from '../support/redis-rig.ts'
import { atMost } from '../support/verdict.ts'

const load = { seconds: 15, perSecond: 1_000 }

const told = (id: string, { acknowledged, backMs, faults, gaps, lost }: Outcome & { backMs: number }): void => {
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `lost without a gap, doubled or out of order, of ${acknowledged} acknowledged; ${lost.length} lost, ${gaps} gaps told`
  atMost(id, metric, { value: faults.length, limit: 0 })
  atMost(`${id}-back`, 'delivery again after the new master, ms', { value: backMs, limit: 5_000 })
}

for (const on of ['sentinel', 'cluster'] as const) told(`redis-failover-${on}`, await failsOver(on, load))
told('redis-handover-sentinel', await handsOver('sentinel', load))
for (const on of ['sentinel paused', 'cluster'] as const) {
  const id = `redis-handover-${on.replace(' ', '-')}`
  const outcome = await handsOver(on, load)
  told(id, outcome)
  atMost(`${id}-gaps`, 'gaps told', { value: outcome.gaps, limit: 0 })
  atMost(`${id}-lost`, 'acknowledged and lost', { value: outcome.lost.length, limit: 0 })
}
process.exit()
