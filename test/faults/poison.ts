/** noise, other versions and broken messages on every name in Redis to which two busy nodes listen. */
import { poisonNodes } from '../support/poison.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const done = await poisonNodes({ seconds: 20, perSecond: 1_000, poisonsPerSecond: 1_000 })
for (const fault of [...done.crashes, ...done.faults].slice(0, 20)) process.stderr.write(`${fault}\n`)
atMost('poison-crashes', `nodes that ended or did not catch something, ${done.given} poisons on ${done.names} names`, {
  value: done.crashes.length,
  limit: 0,
})
atLeast('poison-counted', 'poisons that the metrics have', { value: done.counted, limit: done.given })
atMost('poison', `events lost, doubled or out of order, of ${done.acknowledged} acknowledged`, {
  value: done.faults.length,
  limit: 0,
})
atMost('poison-gaps', 'gaps that clients were told of', { value: done.gaps, limit: 0 })
atMost('poison-late', 'from a publish to the last who heard it, at most, ms', { value: done.latestMs, limit: 5_000 })
process.exit()
