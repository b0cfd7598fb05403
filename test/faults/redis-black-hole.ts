/** what one node and Redis say to each other vanishes, on the hearing connection or on all: noticed, repaired, nothing lost. */
import { blackHole, type Hole, repairedMs as soonMs, type Which } from '../support/redis-black-hole.ts'
import { atMost } from '../support/verdict.ts'

const holes: readonly (readonly [string, Hole['how']])[] = [
  ['deaf', 'deaf'],
  ['forgotten', 'forgotten'],
  ['lasting', { lastingMs: 20_000 }],
]

for (const which of ['hearing', 'all'] as const satisfies readonly Which[]) {
  for (const [name, how] of holes) {
    const { acknowledged, faults, gaps, lateMs, latestMs, refused, takenBackMs, toldMs } = await blackHole(
      { which, how },
      { perSecond: 500 },
    )
    for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
    const id = `redis-black-hole-${which}-${name}`
    const metric = `events lost, doubled or out of order, of ${acknowledged} acknowledged; ${refused} were refused for a while`
    atMost(id, metric, { value: faults.length, limit: 0 })
    atMost(`${id}-gaps`, 'gaps that clients were told of', { value: gaps, limit: 0 })
    // Nothing comes through as long as a hole on all connections lasts.
    const limit = which === 'all' && name === 'lasting' ? 20_000 + soonMs : soonMs
    atMost(`${id}-repair`, 'the latest delivery, ms after its sending', { value: latestMs, limit })
    atMost(`${id}-heard`, 'the latest delivery of what was sent after 15 s, ms', { value: lateMs, limit: 2_000 })
    if (toldMs === undefined || takenBackMs === undefined) continue
    atMost(`${id}-told`, '/ready failed, ms after the begin', { value: toldMs, limit: soonMs })
    atMost(`${id}-taken-back`, '/ready was well, ms after the end', { value: takenBackMs, limit: soonMs })
  }
}
process.exit()
