/** every subscriber of Redis is killed every two seconds for a minute, at 2,000 publishes a second. */
import { pubsubKills } from '../support/redis-cases.ts'
import { atMost } from '../support/verdict.ts'

for (const on of ['standalone', 'cluster'] as const) {
  const { acknowledged, deliveries, faults, gaps, killed, latestMs } = await pubsubKills(on, {
    seconds: 60,
    perSecond: 2_000,
  })
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `of ${acknowledged} acknowledged events and ${deliveries} deliveries over ${killed} kills`
  atMost(`redis-pubsub-kills-${on}`, `events lost, doubled or out of order, ${metric}`, {
    value: faults.length,
    limit: 0,
  })
  atMost(`redis-pubsub-kills-${on}-gaps`, 'gaps that clients were told of', { value: gaps, limit: 0 })
  atMost(`redis-pubsub-kills-${on}-repair`, 'the latest delivery, ms after its sending', {
    value: latestMs,
    limit: 3_000,
  })
}
process.exit()
