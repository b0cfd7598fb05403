/** One room of many members, fifty of whom come or go a second: what that delivers and costs, and when all have heard of each. */
import { type Figure, figure } from '../lib/figures.ts'
import { notesOn, numberIn, type Run, type Scenario, startLoad, startServer, type Watched, watch } from '../lib/run.ts'

const perSecond = 50

export const presence: Scenario = async (run) => {
  const figures: Figure[] = []
  for (const members of run.quick ? [300] : [1_000, 3_000]) figures.push(...(await inRoomOf(members, run)))
  return figures
}

const inRoomOf = async (members: number, run: Run): Promise<readonly Figure[]> => {
  await using server = await startServer('fanfare')
  await using load = await startLoad()
  run.progress(`presence: ${members} members show themselves`)
  await load.ask('presence', { port: server.ready.port, members })
  const rounds: Watched[] = []
  const [ms, wanted] = run.quick ? [2_000, 2] : [6_000, 5]
  for (let round = -1; round < wanted; round++) {
    run.progress(`presence: ${members} members, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${wanted}`}`)
    const watched = await watch(server, () => load.ask('presenceRound', { perSecond, ms }))
    const wrong = numberIn(watched.answer, 'wrong')
    if (wrong > 0) throw new Error(`${wrong} frames came twice`)
    if (round >= 0) rounds.push(watched)
  }
  return figuresOf(members, rounds)
}

const figuresOf = (members: number, rounds: readonly Watched[]): readonly Figure[] => {
  const contender = `Fanfare, ${members.toLocaleString('en')} members`
  const about = { scenario: 'presence', contender }
  const at = `${perSecond} joins and leaves a second`
  const deliveries = ({ answer }: Watched): number => numberIn(answer, 'deliveries')
  return [
    figure(
      { ...about, measure: `${at}: all have heard of one, p99`, unit: 'ms', goal: { most: 2_000 } },
      rounds.map(({ answer }) => numberIn(answer, 'p99')),
    ),
    figure(
      { ...about, measure: `${at}: deliveries`, unit: '/s', notes: notesOn(rounds) },
      rounds.map((round) => deliveries(round) / round.seconds),
    ),
    figure(
      { ...about, measure: `${at}: server processor time`, unit: 's per million' },
      rounds.map((round) => (round.serverSeconds / deliveries(round)) * 1e6),
    ),
  ]
}
