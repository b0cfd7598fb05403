/** What an idle session costs: 10,000 with a token each, in three rooms each, and the memory before and after them. */
import { type Figure, figure, type Goal } from '../lib/figures.ts'
import { kernelTcpBytes } from '../lib/memory.ts'
import { names, numberIn, type Run, type Scenario, startLoad, startServer } from '../lib/run.ts'
import type { Contender } from '../load/dialects.ts'

/** All in one room, a hundred in each of the second kind, ten in each of the third. */
const rooms = ['memory:all', 'memory:ward-{100}', 'memory:team-{10}']

const warmBatches = 10
const warmSessions = 200

type Costs = { readonly resident: number; readonly heap: number; readonly kernel: number }

export const idle: Scenario = async (run) => {
  const figures: Figure[] = []
  for (const contender of ['fanfare', 'fanfare-socketio', 'socketio'] as const) {
    const rounds: Costs[] = []
    const wanted = run.quick ? 1 : contender === 'socketio' ? 3 : 5
    for (let round = 1; round <= wanted; round++) {
      run.progress(`idle: ${names[contender]}, round ${round} of ${wanted}`)
      rounds.push(await measure(run, contender))
    }
    figures.push(...figuresOf(contender, rounds))
  }
  return figures
}

/** A new server each time: a heap that has been large once would hide what the next sessions take. */
const measure = async (run: Run, contender: Contender): Promise<Costs> => {
  const count = run.quick ? 3_000 : 10_000
  await using server = await startServer(contender)
  await using load = await startLoad()
  const port = server.ready.port
  // The first sessions pay for code that is compiled once. Few at a time, so that the heap that they leave hides little.
  for (let batch = 0; batch < warmBatches; batch++) {
    await load.ask('hold', { contender, port, count: warmSessions, from: count + batch * warmSessions, rooms })
    await load.ask('letGo')
  }
  const before = await server.ask('memory')
  const kernelBefore = kernelTcpBytes()
  await load.ask('hold', { contender, port, count, from: 0, rooms })
  const after = await server.ask('memory')
  const per = (name: string): number => (numberIn(after, name) - numberIn(before, name)) / count
  return { resident: per('resident'), heap: per('heap'), kernel: (kernelTcpBytes() - kernelBefore) / count }
}

const goals: { readonly [name in Contender]?: Goal } = {
  fanfare: { most: 3.5 * 1024 },
  'fanfare-socketio': { most: 5 * 1024 },
}

const figuresOf = (contender: Contender, rounds: readonly Costs[]): readonly Figure[] => {
  const about = { scenario: 'idle', contender: names[contender], unit: 'bytes a session' }
  const goal = goals[contender]
  return [
    figure(
      { ...about, measure: 'resident', ...(goal && { goal }) },
      rounds.map((one) => one.resident),
    ),
    figure(
      { ...about, measure: 'heap' },
      rounds.map((one) => one.heap),
    ),
    figure(
      { ...about, measure: 'kernel', notes: ['TCP buffers of both ends'] },
      rounds.map((one) => one.kernel),
    ),
  ]
}
