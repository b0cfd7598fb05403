/** SIGTERM to one of two nodes that has 5,000 clients, under 1,000 publishes a second. */
import { rollingDeploy } from '../support/rolling-deploy.ts'
import { atMost, report } from '../support/verdict.ts'

const clients = 5_000
const { acknowledged, allBackMs, average, exitCode, faults, peak, stopMs } = await rollingDeploy({
  clients,
  rooms: 500,
  perSecond: 1_000,
})
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `events lost, doubled or out of order at ${clients} clients, of ${acknowledged} acknowledged, while their node stopped`
atMost('rolling-deploy', metric, { value: faults.length, limit: 0 })
atMost('rolling-deploy-peak', `most reconnects in a second over their average of ${Math.round(average)}`, {
  value: Number((peak / average).toFixed(2)),
  limit: 2,
})
atMost('rolling-deploy-stop', 'seconds until the node had ended', { value: Math.round(stopMs / 1_000), limit: 30 })
atMost('rolling-deploy-back', 'seconds until the last client was back', {
  value: Math.round(allBackMs / 1_000),
  limit: 30,
})
report({
  id: 'rolling-deploy-exit',
  pass: exitCode === 0,
  metric: 'exit code of the node',
  value: exitCode ?? -1,
  limit: 0,
})
process.exit()
