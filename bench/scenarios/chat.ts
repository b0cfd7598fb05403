/**
 * Chat on SQLite and on PostgreSQL, through the whole server: acknowledged sends, and (of many stored messages) the opening of a
 * room and the list of rooms with what is unread. The load, the server and PostgreSQL share this machine.
 */
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { type Child, startChild } from '../lib/child.ts'
import { type Figure, figure } from '../lib/figures.ts'
import { notesOn, numberIn, type Run, type Scenario, type Watched, watch } from '../lib/run.ts'

const rooms = 1_000
const inFlight = 16
const goals = { sqlite: { least: 10_000 }, postgres: { least: 5_000 } } as const

export const chat: Scenario = async (run) => {
  await using postgres = await startPostgres({ fsync: 'on' })
  return [...(await on(run, 'sqlite')), ...(await on(run, 'postgres', (await postgres.database()).url))]
}

type Kind = keyof typeof goals
type Stand = { readonly kind: Kind; readonly contender: string; readonly server: Child; readonly load: Child }

const on = async (run: Run, kind: Kind, databaseUrl?: string): Promise<readonly Figure[]> => {
  const environment = databaseUrl === undefined ? {} : { BENCH_DATABASE_URL: databaseUrl }
  await using server = await startChild({ runtime: 'bun', script: 'servers/chat.ts', environment })
  await using load = await startChild({ runtime: 'bun', script: 'load/main.ts' })
  const contender = kind === 'sqlite' ? 'Fanfare on SQLite' : 'Fanfare on PostgreSQL'
  run.progress(`chat: ${rooms} rooms on ${kind}`)
  await server.ask('rooms', { count: rooms })
  await load.ask('chat', { port: server.ready.port, rooms, inFlight })
  const stand = { kind, contender, server, load }
  const sends = await sending(run, stand)
  const filling = await fill(run, stand)
  return [sends, filling, ...(await asking(run, stand))]
}

const sending = async (run: Run, { kind, contender, server, load }: Stand): Promise<Figure> => {
  const rounds: Watched[] = []
  for (let round = -2; round < (run.quick ? 3 : 5); round++) {
    run.progress(`chat: sends on ${kind}, ${round < 0 ? 'warm-up' : `round ${round + 1}`}`)
    const watched = await watch(server, () => load.ask('chatSends', { ms: run.quick ? 1_000 : 3_000 }))
    if (round >= 0) rounds.push(watched)
  }
  return figure(
    {
      scenario: 'chat',
      contender,
      measure: 'messages acknowledged, durable',
      unit: '/s',
      goal: goals[kind],
      notes: notesOn(rounds),
    },
    rounds.map(({ answer, seconds }) => numberIn(answer, 'acknowledged') / seconds),
  )
}

/** By the application's own sends, in parts, so that one can see whether it gets slower as the tables grow. */
const fill = async (run: Run, { kind, contender, server }: Stand): Promise<Figure> => {
  const wanted = run.quick ? 50_000 : 1_000_000
  const part = wanted / 10
  const rates: number[] = []
  for (let from = 0; from < wanted; from += part) {
    run.progress(`chat: ${from.toLocaleString('en')} of ${wanted.toLocaleString('en')} messages on ${kind}`)
    rates.push(part / numberIn(await server.ask('fill', { from, to: from + part, rooms }), 'seconds'))
  }
  const notes = [`first tenth ${Math.round(rates[0]!)}/s, last ${Math.round(rates.at(-1)!)}/s`]
  return figure(
    { scenario: 'chat', contender, measure: `filling with ${wanted.toLocaleString('en')} messages`, unit: '/s', notes },
    rates,
  )
}

const asked = [
  { what: 'open', measure: 'opening a room, last 50 with receipts', goal: { most: 10 } },
  { what: 'list', measure: 'list of 200 rooms with unread counts', goal: { most: 20 } },
] as const

const asking = async (run: Run, { contender, load }: Stand): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (const { what, measure, goal } of asked) {
    const rounds = []
    for (let round = -1; round < (run.quick ? 2 : 5); round++) {
      const answer = await load.ask('chatAsks', { what, count: run.quick ? 200 : 1_000 })
      if (round >= 0) rounds.push(answer)
    }
    const about = { scenario: 'chat', contender, unit: 'ms' }
    const bytes = `answers of ${Math.round(numberIn(rounds[0]!, 'bytes') / 1024)} KB`
    for (const name of ['p50', 'p99'] as const) {
      const more = name === 'p99' ? { goal, notes: [bytes] } : {}
      figures.push(
        figure(
          { ...about, measure: `${measure}, ${name}`, ...more },
          rounds.map((answer) => numberIn(answer, name)),
        ),
      )
    }
  }
  return figures
}
