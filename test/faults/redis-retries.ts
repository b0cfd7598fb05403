/** 10,000 publishes with keys over connections to Redis that are cut every 50 to 200 ms, retried on the other node. */
import { retriesOverEngines, retriesOverNodes } from '../support/redis-retries.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const publishes = 10_000

for (const [id, run] of [
  ['redis-retries-nodes', retriesOverNodes],
  ['redis-retries-engines', retriesOverEngines],
] as const) {
  const { acknowledged, answersLost, cuts, failed, faults, repeated, stored } = await run(publishes)
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `publishes stored twice, lost or moved, of ${acknowledged.size} acknowledged and ${stored} stored; ${cuts} cuts, ${failed} answers refused or lost, ${answersLost} found by their key, ${repeated} said again`
  atMost(id, metric, { value: faults.length, limit: 0 })
  atLeast(`${id}-stored`, 'events stored', { value: stored, limit: publishes })
  atMost(`${id}-stored-once`, 'events stored', { value: stored, limit: publishes })
}
process.exit()
