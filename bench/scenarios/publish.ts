/** Acknowledged publishes a second, in memory and durable: through the server from many connections, and the engine alone. */

import { startChild } from '../lib/child.ts'
import { type Figure, figure } from '../lib/figures.ts'
import { notesOn, numberIn, type Run, type Scenario, startLoad, startServer, type Watched, watch } from '../lib/run.ts'

const kinds = ['memory', 'durable'] as const
const durabilities = { memory: 'memory', durable: 'disk' } as const
/** Through the whole server. */
const goals = { memory: { least: 150_000 }, durable: { least: 60_000 } } as const
const connections = 64
const inFlight = 32

export const publish: Scenario = async (run) => {
  const figures: Figure[] = []
  await using server = await startServer('fanfare')
  await using load = await startLoad()
  for (const kind of kinds) {
    await load.ask('publish', { port: server.ready.port, connections, kind, inFlight, durability: durabilities[kind] })
    const rounds = await repeat(run, `publish: ${kind}, through the server`, () =>
      watch(server, () => load.ask('publishRound', { ms: run.quick ? 500 : 1_500 })),
    )
    figures.push({ ...figureOf(kind, `Fanfare, ${connections} connections`, rounds), goal: goals[kind] })
  }
  await using engine = await startChild({ runtime: 'bun', script: 'servers/engine.ts', core: 0 })
  for (const kind of kinds) {
    const rounds = await repeat(run, `publish: ${kind}, engine alone`, () =>
      watch(engine, () => engine.ask('round', { kind, ms: run.quick ? 500 : 1_500, inFlight: connections * inFlight })),
    )
    figures.push(figureOf(kind, 'engine alone', rounds))
  }
  return figures
}

const repeat = async (run: Run, name: string, round: () => Promise<Watched>): Promise<readonly Watched[]> => {
  const wanted = run.quick ? 3 : 5
  const rounds: Watched[] = []
  for (let count = -2; count < wanted; count++) {
    run.progress(`${name}, ${count < 0 ? 'warm-up' : `round ${count + 1} of ${wanted}`}`)
    const watched = await round()
    if (count >= 0) rounds.push(watched)
  }
  return rounds
}

const figureOf = (kind: string, contender: string, rounds: readonly Watched[]): Figure =>
  figure(
    { scenario: 'publish', contender, measure: `acknowledged, ${kind}`, unit: '/s', notes: notesOn(rounds) },
    rounds.map(({ answer, seconds }) => numberIn(answer, 'acknowledged') / seconds),
  )
