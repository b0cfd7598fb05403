/**
 * Redis hangs for ten seconds under load, twice. Sockets stay, memory is bounded, all returns by itself. Clients try
 * again after a second: some thousand refusals a second, whose garbage stays resident until it is collected; so what a node
 * holds is read from its heap.
 */
import { pauses } from '../support/redis-cases.ts'
import { atMost } from '../support/verdict.ts'

const { acknowledged, backMs, faults, gaps, grownBytes, refused } = await pauses({
  perSecond: 1_000,
  pausedMs: 10_000,
  rig: { retryMs: 1_000 },
})
const { heap, resident } = grownBytes
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `events lost, doubled or out of order, of ${acknowledged} acknowledged; ${refused} refusals`
atMost('redis-away', metric, { value: faults.length, limit: 0 })
atMost('redis-away-gaps', 'gaps that clients were told of', { value: gaps, limit: 0 })
atMost('redis-away-back', 'delivery again after Redis answered, ms', { value: backMs, limit: 5_000 })
const held = `a node's heap in a pause above that without one, bytes; resident: ${resident}`
atMost('redis-away-memory', held, { value: heap, limit: 50 * 1024 * 1024 })
process.exit()
