/** L-13: 200 stock clients move from polling to WebSockets under 500 publishes a second, five times over. */
import { upgradeUnderTraffic } from '../support/socketio-upgrades.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const { acknowledged, events, faults, upgraded } = await upgradeUnderTraffic({
  clients: 200,
  rounds: 5,
  perSecond: 500,
})
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `emits and events lost, doubled or out of order, of ${acknowledged} and ${events}`
atMost('L-13', metric, { value: faults.length, limit: 0 })
atLeast('L-13-upgrades', 'clients that ended on a WebSocket', { value: upgraded, limit: 1_000 })
process.exit()
