/** Sessions opened a second, each with a token that the server has not seen before and verifies; and how long each waited. */
import type { Child } from '../lib/child.ts'
import type { Contender } from '../lib/contenders.ts'
import { type Figure, figure } from '../lib/figures.ts'
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

const wanted = ['fanfare', 'fanfare-socketio', 'fanfare-event-stream', 'socketio', 'centrifugo'] as const
const warm = 2

type Stand = { readonly contender: Contender; readonly server: Child; readonly load: Child; readonly rounds: Watched[] }

export const connect: Scenario = async (run) => {
  const count = run.quick ? 500 : 2_000
  await using stack = new AsyncDisposableStack()
  const stands: Stand[] = []
  for (const contender of present(run, 'connect', wanted)) {
    const server = stack.use(await startServer(contender))
    stands.push({ contender, server, load: stack.use(await startLoad()), rounds: [] })
  }
  const rounds = run.quick ? 3 : 5
  for (let round = -warm; round < rounds; round++) {
    run.progress(`connect: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}`)
    // In turn, so that whatever else the machine does meets all of them alike.
    for (const stand of stands) {
      const watched = await open(stand, count, (round + warm) * count)
      if (round >= 0) stand.rounds.push(watched)
    }
  }
  return stands.flatMap((stand) => figuresOf(stand, count))
}

const open = ({ contender, server, load }: Stand, count: number, from: number): Promise<Watched> =>
  watch(server, () =>
    load.ask('connect', { contender, port: server.ready.port, count, from, rooms: roomsOf(contender) }),
  )

/** An event stream names a room as it opens; the others do without. */
const roomsOf = (contender: Contender): readonly string[] =>
  contender === 'fanfare-event-stream' ? ['memory:all'] : []

const figuresOf = ({ contender, rounds }: Stand, count: number): readonly Figure[] => {
  const about = { scenario: 'connect', contender: names[contender] }
  return [
    figure(
      { ...about, measure: 'sessions opened', unit: '/s', notes: notesOn(rounds) },
      rounds.map(({ seconds }) => count / seconds),
    ),
    figure(
      { ...about, measure: 'server processor time', unit: 'ms a session' },
      rounds.map(({ serverSeconds }) => (serverSeconds / count) * 1000),
    ),
    figure(
      { ...about, measure: 'handshake p99, 64 at once', unit: 'ms' },
      rounds.map(({ answer }) => numberIn(answer, 'p99')),
    ),
  ]
}
