/**
 * Latency on one server: 10,000 sessions in 1,000 rooms of ten, 1,000 publishes a second, due at their times whatever the
 * server does. Stock Socket.IO in turn with ours, on the same core.
 */
import type { Child } from '../lib/child.ts'
import type { Contender } from '../lib/contenders.ts'
import type { Answer } from '../lib/control.ts'
import { type Figure, figure } from '../lib/figures.ts'
import { latencyFigures, oneRate } from '../lib/latency.ts'
import { names, numberIn, type Run, type Scenario, startLoad, startServer } from '../lib/run.ts'

const contenders = ['fanfare', 'fanfare-socketio', 'socketio'] as const
const perRoom = 10
const perSecond = 1_000

type Round = { readonly answer: Answer; readonly cores: number }
type Stand = { readonly contender: Contender; readonly server: Child; readonly load: Child; readonly rounds: Round[] }

export const latency: Scenario = async (run) => {
  const rooms = run.quick ? 200 : 1_000
  await using stack = new AsyncDisposableStack()
  const stands: Stand[] = []
  for (const contender of contenders) {
    run.progress(`latency: ${names[contender]}, ${rooms * perRoom} sessions`)
    const server = stack.use(await startServer(contender))
    const load = stack.use(await startLoad())
    await load.ask('manyRooms', { contender, ports: [server.ready.port], connections: rooms * perRoom, rooms })
    stands.push({ contender, server, load, rounds: [] })
  }
  await measure(run, stands)
  const at = `${(perSecond * perRoom).toLocaleString('en')} deliveries/s to ${(rooms * perRoom).toLocaleString('en')}`
  return stands.flatMap((stand) => figuresOf(stand, at))
}

const measure = async (run: Run, stands: readonly Stand[]): Promise<void> => {
  const [ms, wanted] = run.quick ? [3_000, 2] : [10_000, 3]
  for (let round = -1; round < wanted; round++) {
    run.progress(`latency: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${wanted}`}`)
    for (const { server, load, rounds } of stands) {
      const before = server.cpuSeconds()
      const answer = await oneRate(load, { perSecond, ms })
      const cores = (server.cpuSeconds() - before) / numberIn(answer, 'seconds')
      if (round >= 0) rounds.push({ answer, cores })
    }
  }
}

const figuresOf = ({ contender, rounds }: Stand, at: string): readonly Figure[] => {
  const about = { scenario: 'latency', contender: names[contender] }
  const goals = contender === 'fanfare' ? { p99: { most: 5 } } : {}
  return [
    ...latencyFigures(
      { ...about, at, goals },
      rounds.map(({ answer }) => answer),
    ),
    figure(
      { ...about, measure: `${at}: server processor time`, unit: 'cores' },
      rounds.map(({ cores }) => cores),
    ),
  ]
}
