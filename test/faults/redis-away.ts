/** Redis hangs for ten seconds under load. Sockets stay, memory is bounded, all returns by itself. */
import { pauses } from '../support/redis-cases.ts'
import { atMost } from '../support/verdict.ts'

const { acknowledged, backMs, faults, gaps, grownBytes, refused } = await pauses({
  seconds: 20,
  perSecond: 1_000,
  pausedMs: 10_000,
})
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `events lost, doubled or out of order, of ${acknowledged} acknowledged; ${refused} were refused for a while`
atMost('redis-away', metric, { value: faults.length, limit: 0 })
atMost('redis-away-gaps', 'gaps that clients were told of', { value: gaps, limit: 0 })
atMost('redis-away-memory', 'a node grew meanwhile, bytes', { value: grownBytes, limit: 50 * 1024 * 1024 })
atMost('redis-away-back', 'delivery again after Redis answered, ms', { value: backMs, limit: 5_000 })
process.exit()
