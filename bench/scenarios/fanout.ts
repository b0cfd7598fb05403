/** Fan-out to 1,000 subscribers of one room, 1 and 16 messages in flight, every contender in turn in every round. */

import type { Child } from '../lib/child.ts'
import { type Figure, figure, medianOf } from '../lib/figures.ts'
import { payloadBytes } from '../lib/payload.ts'
import {
  names,
  notesOn,
  numberIn,
  present,
  type Scenario,
  startLoad,
  startServer,
  type Watched,
  watch,
} from '../lib/run.ts'
import type { Contender } from '../load/dialects.ts'
import type { RoundOptions } from '../load/fanout.ts'

const wanted = ['fanfare', 'fanfare-socketio', 'socketio', 'bun-publish', 'ws', 'nchan', 'centrifugo'] as const
const subscribers = 1_000
const windows = [1, 16] as const

type Stand = { readonly contender: Contender; readonly server: Child; readonly load: Child }
type Measured = { readonly contender: Contender; readonly inFlight: number; readonly rounds: Watched[] }

export const fanout: Scenario = async (run) => {
  await using stack = new AsyncDisposableStack()
  const stands: Stand[] = []
  const contenders = present(run, 'fanout', wanted)
  for (const contender of contenders) {
    run.progress(`fanout: ${names[contender]}, ${subscribers} subscribers`)
    const server = stack.use(await startServer(contender))
    const load = stack.use(await startLoad())
    await load.ask('fanout', { contender, port: server.ready.port, subscribers, bytes: payloadBytes })
    stands.push({ contender, server, load })
  }
  const measured = windows.flatMap((inFlight) =>
    contenders.map((contender): Measured => ({ contender, inFlight, rounds: [] })),
  )
  const [warm, rounds] = run.quick ? [1, 3] : [2, 7]
  for (let round = -warm; round < rounds; round++) {
    run.progress(`fanout: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}`)
    // In turn, so that whatever else the machine does meets all of them alike.
    for (const { contender, inFlight, rounds: measuredRounds } of measured) {
      const stand = stands.find((one) => one.contender === contender)
      if (!stand) continue
      const watched = await measure(stand, { inFlight, ms: run.quick ? 500 : 1_500 })
      if (round >= 0) measuredRounds.push(watched)
    }
  }
  return [...measured.flatMap(figuresOf), ...ratios(measured)]
}

/** @throws Error when a message was lost, doubled or reordered */
const measure = async ({ contender, server, load }: Stand, round: RoundOptions): Promise<Watched> => {
  const watched = await watch(server, () => load.ask('fanoutRound', round))
  const wrong = numberIn(watched.answer, 'wrong')
  if (wrong > 0) throw new Error(`${names[contender]}: ${wrong} messages were lost, doubled or out of order`)
  return watched
}

const deliveriesOf = ({ answer }: Watched): number => numberIn(answer, 'deliveries')
const rate = (round: Watched): number => deliveriesOf(round) / round.seconds

const figuresOf = ({ contender, inFlight, rounds }: Measured): readonly Figure[] => {
  const about = { scenario: 'fanout', contender: names[contender] }
  const bytes = rounds[0] ? numberIn(rounds[0].answer, 'frameBytes') : 0
  return [
    figure(
      {
        ...about,
        measure: `deliveries, ${inFlight} in flight`,
        unit: '/s',
        notes: [`frames of ${bytes} bytes`, ...notesOn(rounds)],
      },
      rounds.map(rate),
    ),
    figure(
      { ...about, measure: `server processor time, ${inFlight} in flight`, unit: 's per million' },
      rounds.map((round) => (round.serverSeconds / deliveriesOf(round)) * 1e6),
    ),
  ]
}

type Comparison = {
  readonly one: Contender
  readonly other: Contender
  readonly goals: { readonly [inFlight: number]: string }
}

const comparisons: readonly Comparison[] = [
  { one: 'fanfare', other: 'socketio', goals: { 16: 'goal: at least 5' } },
  { one: 'fanfare', other: 'bun-publish', goals: {} },
  { one: 'fanfare-socketio', other: 'fanfare', goals: { 1: 'goal: at least 0.85', 16: 'goal: at least 0.85' } },
  { one: 'fanfare-socketio', other: 'socketio', goals: { 16: 'goal: at least 5' } },
]

/** Of medians, one contender's to another's. */
const ratios = (measured: readonly Measured[]): readonly Figure[] =>
  windows.flatMap((inFlight) => {
    const medianRate = (contender: Contender) =>
      medianOf(
        (measured.find((one) => one.contender === contender && one.inFlight === inFlight)?.rounds ?? []).map(rate),
      )
    return comparisons.map(({ one, other, goals }) => {
      const goal = goals[inFlight]
      return figure(
        {
          scenario: 'fanout',
          contender: `${names[one]} to ${names[other]}`,
          measure: `deliveries, ${inFlight} in flight`,
          unit: 'times',
          notes: goal === undefined ? [] : [goal],
        },
        [medianRate(one) / medianRate(other)],
      )
    })
  })
