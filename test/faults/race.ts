/** R-01 in full: 1,000 clients enter and leave a room at random under 5,000 publishes a second, a hundred rounds. */
import { raceRounds } from '../support/race-rounds.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const raced = await raceRounds({ clients: 1_000, rounds: 100, perSecond: 5_000, spreadMs: 4_000 })
for (const fault of raced.faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `holes, repeats and false starts among ${raced.deliveries} deliveries`
atMost('R-01', metric, { value: raced.faults.length, limit: 0 })
atLeast('R-01-load', 'acknowledged publishes a second', { value: Math.round(raced.rate), limit: 4_000 })
process.exit()
