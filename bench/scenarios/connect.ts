/** Sessions opened a second, each with a token that the server has not seen before. */
import { type Figure, figure } from '../lib/figures.ts'
import { names, notesOn, type Scenario, startLoad, startServer, type Watched, watch } from '../lib/run.ts'

export const connect: Scenario = async (run) => {
  const figures: Figure[] = []
  const count = run.quick ? 500 : 2_000
  const wanted = run.quick ? 3 : 5
  for (const contender of ['fanfare', 'socketio'] as const) {
    await using server = await startServer(contender)
    await using load = await startLoad()
    const rounds: Watched[] = []
    for (let round = -2; round < wanted; round++) {
      run.progress(`connect: ${names[contender]}, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${wanted}`}`)
      const from = (round + 2) * count
      const watched = await watch(server, () =>
        load.ask('connect', { contender, port: server.ready.port, count, from }),
      )
      if (round >= 0) rounds.push(watched)
    }
    figures.push(
      figure(
        {
          scenario: 'connect',
          contender: names[contender],
          measure: 'sessions opened',
          unit: '/s',
          notes: notesOn(rounds),
        },
        rounds.map(({ seconds }) => count / seconds),
      ),
    )
  }
  return figures
}
