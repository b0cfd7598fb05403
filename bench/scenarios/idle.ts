/**
 * What an idle session costs, with a token each and in three rooms each: 1,000, then 10,000, then 18,000 on one server, which
 * is as many as a process may have sockets here. Memory is looked at before and after each step, once all is collected.
 */

import type { Contender } from '../lib/contenders.ts'
import { type Figure, figure, type Goal, medianOf } from '../lib/figures.ts'
import { kernelSocketBytes, kernelTcpBytes } from '../lib/memory.ts'
import { names, numberIn, present, type Run, type Scenario, startLoad, startServer } from '../lib/run.ts'

/** All in one room, a hundred in each of the second kind, ten in each of the third. */
const rooms = ['memory:all', 'memory:ward-{100}', 'memory:team-{10}']

const wanted = [
  'fanfare',
  'fanfare-socketio',
  'fanfare-event-stream',
  'socketio',
  'ws',
  'bun-publish',
  'nchan',
  'centrifugo',
] as const
const steps = { quick: [500, 3_000], whole: [1_000, 10_000, 18_000] } as const
/** The size of which the goals speak. */
const atGoal = 10_000

/** What a crowd leaves to be written is written by then, and what that took is given back. */
const settleMs = 8_000

const warmBatches = 40
const warmSessions = 50

type Costs = { readonly resident: number; readonly heap: number; readonly buffers: number; readonly sockets: number }
/** By how many sessions there are. */
type Round = ReadonlyMap<number, Costs>

export const idle: Scenario = async (run) => {
  const figures: Figure[] = []
  const medians = new Map<Contender, number>()
  for (const contender of present(run, 'idle', wanted)) {
    const rounds: Round[] = []
    const count = run.quick ? 1 : contender.startsWith('fanfare') ? 3 : 1
    for (let round = 1; round <= count; round++) {
      run.progress(`idle: ${names[contender]}, round ${round} of ${count}`)
      rounds.push(await measure(run, contender))
    }
    figures.push(...figuresOf(contender, rounds))
    medians.set(contender, residentAt(rounds, run.quick ? steps.quick[1] : atGoal))
  }
  return [...figures, ...ratios(medians)]
}

const residentAt = (rounds: readonly Round[], sessions: number): number =>
  medianOf(rounds.map((round) => round.get(sessions)?.resident ?? Number.NaN))

/** A new server each time: a heap that has been large once would hide what the next sessions take. */
const measure = async (run: Run, contender: Contender): Promise<Round> => {
  const sizes = run.quick ? steps.quick : steps.whole
  await using server = await startServer(contender)
  await using load = await startLoad()
  const port = server.ready.port
  // The first sessions pay for code that is compiled once. Few at a time, so that the heap that they leave hides little.
  for (let batch = 0; batch < warmBatches; batch++) {
    await load.ask('hold', { contender, port, count: warmSessions, from: 20_000 + batch * warmSessions, rooms })
    await load.ask('letGo')
  }
  const look = async () => ({
    ...(await server.ask('memory')),
    buffers: kernelTcpBytes(),
    sockets: kernelSocketBytes(),
  })
  const before = await look()
  const round = new Map<number, Costs>()
  let there = 0
  for (const sessions of sizes) {
    await load.ask('hold', { contender, port, count: sessions - there, from: there, rooms })
    there = sessions
    await Bun.sleep(settleMs)
    const after = await look()
    const per = (name: keyof Costs): number => (numberIn(after, name) - numberIn(before, name)) / sessions
    round.set(sessions, {
      resident: per('resident'),
      heap: per('heap'),
      buffers: per('buffers'),
      sockets: per('sockets'),
    })
  }
  return round
}

const goals: { readonly [name in Contender]?: Goal } = {
  fanfare: { most: 3.5 * 1024 },
  'fanfare-socketio': { most: 5 * 1024 },
  'fanfare-event-stream': { most: 7 * 1024 },
}

const measures: { readonly [name in keyof Costs]: { readonly called: string; readonly notes: readonly string[] } } = {
  resident: { called: 'resident', notes: [] },
  heap: { called: 'heap', notes: [] },
  buffers: { called: 'TCP buffers in the kernel', notes: ['of both ends'] },
  sockets: { called: 'sockets in the kernel', notes: ['of both ends'] },
}

const figuresOf = (contender: Contender, rounds: readonly Round[]): readonly Figure[] => {
  const goal = goals[contender]
  return [...(rounds[0]?.keys() ?? [])].flatMap((sessions) =>
    (Object.keys(measures) as (keyof Costs)[]).flatMap((name) => {
      const values = rounds.map((round) => round.get(sessions)?.[name] ?? Number.NaN)
      // Programs of others have no heap that we could ask for, and not every system lets its kernel be looked into.
      if (values.some(Number.isNaN) || values.every((value) => value === 0)) return []
      const measure = `${measures[name].called}, ${sessions.toLocaleString('en')} sessions`
      const about = { scenario: 'idle', contender: names[contender], unit: 'bytes a session', measure }
      const held = name === 'resident' && sessions === atGoal && goal ? { goal } : {}
      return [figure({ ...about, ...held, notes: measures[name].notes }, values)]
    }),
  )
}

const ours = ['fanfare', 'fanfare-socketio', 'fanfare-event-stream'] as const
const others = ['socketio', 'centrifugo'] as const

/** Of our native sessions a third at most is asked; the others are told beside it. */
const ratios = (medians: ReadonlyMap<Contender, number>): readonly Figure[] =>
  ours.flatMap((one) =>
    others.flatMap((other) => {
      const [mine, theirs] = [medians.get(one), medians.get(other)]
      if (mine === undefined || theirs === undefined) return []
      const about = { scenario: 'idle', contender: `${names[one]} to ${names[other]}`, unit: 'times' }
      const held = one === 'fanfare-event-stream' ? {} : { goal: { most: 1 / 3 } }
      return [figure({ ...about, ...held, measure: 'resident' }, [mine / theirs])]
    }),
  )
