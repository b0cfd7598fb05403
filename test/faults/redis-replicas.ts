/**
 * 20 times a master dies while its replica is 200 to 800 ms behind. What was acknowledged as `replicas` is
 * there; of the rest what is lost is told; nobody sees two events at one position.
 */
import { dyingInCluster, dyingUnderSentinel, type Lag, type LagOutcome } from '../support/redis-lag.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const runs = 20
const load = { seconds: 6, perSecond: 1_000 }
const lagOf = (run: number): Lag => ({
  how: run % 2 === 0 ? 'behind' : 'stopped',
  ms: 200 + Math.floor(Math.random() * 600),
})

const told = (id: string, runs: readonly LagOutcome[]): void => {
  const sum = (count: (run: LagOutcome) => number) => runs.reduce((total, run) => total + count(run), 0)
  const of = `of ${sum(({ acknowledged }) => acknowledged)} acknowledged, every other one so, in ${runs.length} runs`
  atMost(id, `acknowledged as replicas and lost, ${of}`, { value: sum(({ lostThough }) => lostThough), limit: 0 })
  const faults = runs.flatMap((run) => run.faults)
  for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = 'doubled, at two places, two at one position, out of order, or lost without a gap'
  atMost(`${id}-faults`, metric, { value: faults.length, limit: 0 })
  // Without any, nothing was tried.
  const value = sum(({ lostFairly }) => lostFairly)
  atLeast(`${id}-broker`, `acknowledged as broker, lost and told by ${sum(({ gaps }) => gaps)} gaps`, {
    value,
    limit: 1,
  })
  atMost(`${id}-back`, 'delivery again after the new master, ms, at most', {
    value: Math.max(...runs.map(({ backMs }) => backMs)),
    limit: 5_000,
  })
}

const sentinel: LagOutcome[] = []
for (let run = 0; run < runs; run++) sentinel.push(await dyingUnderSentinel(lagOf(run), load))
told('redis-replicas-sentinel', sentinel)
told('redis-replicas-cluster', [await dyingInCluster(lagOf(0), load), await dyingInCluster(lagOf(1), load)])
process.exit()
