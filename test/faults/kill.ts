/** Kill -9 among 2,000 publishes a second to a durable room, twenty times on the same data. */
import { killRounds } from '../support/kill-rounds.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const { acknowledged, faults, rate } = await killRounds({ rounds: 20, perSecond: 2_000 })
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `acknowledged events lost, doubled or heard out of order, of ${acknowledged} over 20 kills`
atMost('kill', metric, { value: faults.length, limit: 0 })
atLeast('kill-load', 'acknowledged publishes a second while the server lived', {
  value: Math.round(rate),
  limit: 1_000,
})
process.exit()
