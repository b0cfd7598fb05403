/** Redis is killed under load, and comes back empty, or with what `appendfsync always` kept. */
import { restarts } from '../support/redis-cases.ts'
import { atMost, report } from '../support/verdict.ts'

const load = { seconds: 8, perSecond: 1_000 }
const rooms = 10
const followers = 4

for (const how of ['empty', 'kept'] as const) {
  const { acknowledged, backMs, faults, gaps } = await restarts(how, load)
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  atMost(`redis-restart-${how}`, `events lost, doubled or out of order, of ${acknowledged} acknowledged`, {
    value: faults.length,
    limit: 0,
  })
  const expected = how === 'empty' ? rooms * followers : 0
  const metric = 'gaps told, over all rooms and followers'
  report({ id: `redis-restart-${how}-gaps`, pass: gaps === expected, metric, value: gaps, limit: expected })
  atMost(`redis-restart-${how}-back`, 'delivery again after Redis answered, ms', { value: backMs, limit: 5_000 })
}
process.exit()
