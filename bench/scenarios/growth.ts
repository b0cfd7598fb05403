/**
 * How costs grow: memory of a session, and processor time of a connect, of a publish and of a delivery, with the number of
 * sessions, rooms and tenants. Each is fitted in logarithms: an exponent of 0 is flat, of 1 doubles when all doubles.
 */
import type { Child } from '../lib/child.ts'
import { type Figure, figure } from '../lib/figures.ts'
import { numberIn, type Run, type Scenario, startLoad, startServer } from '../lib/run.ts'
import { exponentOf, type Point } from '../lib/statistics.ts'

const along = ['sessions', 'rooms', 'tenants'] as const
type Along = (typeof along)[number]

const sizes: { readonly [name in Along]: { readonly quick: readonly number[]; readonly whole: readonly number[] } } = {
  sessions: { quick: [100, 1_000], whole: [100, 300, 1_000, 3_000, 10_000] },
  rooms: { quick: [10, 100, 1_000], whole: [1, 10, 100, 1_000, 10_000] },
  tenants: { quick: [1, 10, 100], whole: [1, 10, 100, 1_000] },
}

/** What does not vary. */
const usual = { sessions: 2_000, rooms: 200, tenants: 1 } as const
type Crowding = { readonly [name in Along]: number }

const costs = {
  memory: { called: 'resident memory', unit: 'bytes a session' },
  connect: { called: 'connect, server processor time', unit: 'µs a session' },
  publish: { called: 'publish, server processor time', unit: 'µs a publish' },
  delivery: { called: 'fan-out, server processor time', unit: 'µs a delivery' },
} as const
type Cost = keyof typeof costs
type Costs = { readonly [name in Cost]: number }

export const growth: Scenario = async (run) => {
  const figures: Figure[] = []
  for (const name of along) {
    const points: { readonly size: number; readonly costs: Costs }[] = []
    for (const size of run.quick ? sizes[name].quick : sizes[name].whole) {
      run.progress(`growth: ${size.toLocaleString('en')} ${name}`)
      points.push({ size, costs: await measure(run, { ...usual, [name]: size }) })
    }
    figures.push(...(Object.keys(costs) as Cost[]).map((cost) => exponent(name, cost, points)))
  }
  return figures
}

const exponent = (
  name: Along,
  cost: Cost,
  measured: readonly { readonly size: number; readonly costs: Costs }[],
): Figure => {
  const points = measured.map(({ size, costs: of }): Point => [size, of[cost]])
  const { slope, either } = exponentOf(points)
  const { called, unit } = costs[cost]
  const seen = points.map(([size, value]) => `${value.toFixed(value < 10 ? 2 : 0)} at ${size.toLocaleString('en')}`)
  const interval = Number.isNaN(either) ? 'too few points for an interval' : `± ${either.toFixed(2)} (95 %)`
  return figure(
    {
      scenario: 'growth',
      contender: `Fanfare, ${points.map(([size]) => size.toLocaleString('en')).join(', ')} ${name}`,
      measure: `${called}, with ${name}`,
      unit: 'exponent',
      curve: { along: name, unit, points },
      notes: [interval, `${unit}: ${seen.join(', ')}`],
    },
    [slope],
  )
}

/** A new server each time; one publisher's events go to the rooms in turn. */
const measure = async (run: Run, crowding: Crowding): Promise<Costs> => {
  await using server = await startServer('fanfare')
  await using load = await startLoad()
  const { port } = server.ready
  await load.ask('growthWarm', { port })
  const before = numberIn(await server.ask('memory'), 'resident')
  const connect = await cpuOf(server, () => load.ask('growthOpen', { port, ...crowding }))
  const resident = numberIn(await server.ask('memory'), 'resident') - before
  const ms = run.quick ? 1_000 : 3_000
  await load.ask('growthRound', { ms: 500, heard: true })
  const heard = await round(server, load, { ms, heard: true })
  const unheard = await round(server, load, { ms, heard: false })
  return {
    memory: resident / crowding.sessions,
    connect: connect.micros / crowding.sessions,
    publish: unheard.each,
    // What the same publishes cost where nobody listens is not the deliveries' cost.
    delivery: (heard.each - unheard.each) / heard.perPublish,
  }
}

const round = async (server: Child, load: Child, options: { readonly ms: number; readonly heard: boolean }) => {
  const { micros, answer } = await cpuOf(server, () => load.ask('growthRound', options))
  const published = numberIn(answer, 'published')
  return { each: micros / published, perPublish: numberIn(answer, 'deliveries') / published }
}

const cpuOf = async (server: Child, work: () => Promise<Awaited<ReturnType<Child['ask']>>>) => {
  const before = server.cpuSeconds()
  const answer = await work()
  return { answer, micros: (server.cpuSeconds() - before) * 1e6 }
}
