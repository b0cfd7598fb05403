/** What the samples of a soak come to. Arithmetic only. */
import type { Answer } from './control.ts'
import { type Figure, figure, medianOf } from './figures.ts'
import type { Taken } from './soak.ts'
import { lineThrough, type Point } from './statistics.ts'

/** Sizes in bytes, lags in ms; `collected` and `heap` where the server collected first. */
export type Vitals = {
  readonly resident: number
  readonly fds: number
  readonly lagP99: number
  readonly lagMost: number
  readonly collected?: number
  readonly heap?: number
}
export type Sample = {
  /** Since the rate was set. */
  readonly minutes: number
  readonly seconds: number
  /** Of a core. */
  readonly share: number
  readonly vitals: Vitals
  readonly taken: Taken
  readonly sessions: number | undefined
  readonly rooms: number | undefined
  readonly subscriptions: number | undefined
}

export type SoakEnd = {
  readonly samples: readonly Sample[]
  readonly settled: Taken
  readonly before: Answer
  readonly after: Answer
  /** Metrics of the node, with nobody there. */
  readonly left: { readonly [name: string]: number }
  readonly perSecond: number
}

/** Until then caches fill and code is compiled. */
export const settlesMinutes = 10
const megabyte = 2 ** 20

/** MB an hour, with half of its 95 % interval, from `settlesMinutes` on; of a shorter run, from its middle. */
export const slopeOf = (samples: readonly Sample[], of: (sample: Sample) => number | undefined) => {
  const last = samples.at(-1)?.minutes ?? 0
  const from = last > settlesMinutes * 1.5 ? settlesMinutes : last / 2
  const points = samples.flatMap((sample): Point[] => {
    const bytes = of(sample)
    return sample.minutes < from || bytes === undefined ? [] : [[sample.minutes / 60, bytes / megabyte]]
  })
  const { slope, either } = lineThrough(points)
  return { slope, either, points, from }
}

const slopes = {
  'resident, as it stands': ({ vitals }: Sample) => vitals.resident,
  'resident, once collected': ({ vitals }: Sample) => vitals.collected,
  'heap, once collected': ({ vitals }: Sample) => vitals.heap,
  'resident of the load itself': ({ taken }: Sample) => taken.resident,
}

export const figuresOfSoak = (end: SoakEnd): readonly Figure[] => {
  const { samples, settled, before, after, left } = end
  const minutes = samples.at(-1)?.minutes ?? 0
  const about = { scenario: 'soak', contender: `Fanfare, ${Math.round(minutes)} minutes of churn` }
  const total = (of: (taken: Taken) => number): number =>
    samples.reduce((sum, { taken }) => sum + of(taken), of(settled))
  const one = (measure: string, unit: string, value: number, more: Partial<Figure> = {}): Figure =>
    figure({ ...about, measure, unit, ...more }, [value])
  const each = (measure: string, unit: string, of: (sample: Sample) => number): Figure =>
    figure({ ...about, measure, unit }, samples.map(of))
  const atMost0 = { goal: { most: 0 } }
  return [
    ...Object.entries(slopes).map(([name, of], index) => {
      const { slope, either, points, from } = slopeOf(samples, of)
      const notes = [`± ${either.toFixed(2)} (95 %)`, `${points.length} samples from minute ${from.toFixed(0)}`]
      const curve = { along: 'hours', unit: 'MB', points }
      return one(`${name}: slope`, 'MB an hour', slope, {
        notes,
        curve,
        ...(index === 0 ? { goal: { most: 0.5 } } : {}),
      })
    }),
    one('events lost, doubled, reordered, or answered wrongly', 'events', settled.wrong, atMost0),
    one('open files more than before, with nobody there', 'files', Number(after.fds) - Number(before.fds), atMost0),
    one('sessions left, with nobody there', 'sessions', left.fanfare_sessions ?? Number.NaN, atMost0),
    one('rooms left, with nobody there', 'rooms', left.fanfare_rooms ?? Number.NaN, atMost0),
    one(
      'deliveries checked',
      'events',
      total(({ deliveries }) => deliveries),
    ),
    one(
      'publishes acknowledged',
      'events',
      total(({ acknowledged }) => acknowledged),
      {
        notes: [`${end.perSecond} a second`, `${total(({ duplicates }) => duplicates)} said twice and stored once`],
      },
    ),
    one(
      'sessions opened',
      'sessions',
      total(({ opened }) => opened),
    ),
    one(
      'rooms resumed whole',
      'rooms',
      total(({ recovered }) => recovered),
      {
        notes: [`of ${total(({ resumed }) => resumed)}; ${total(({ told }) => told)} were told that it was too late`],
      },
    ),
    each('server processor time', 'cores', ({ share }) => share),
    each('sessions at a time', 'sessions', ({ sessions = Number.NaN }) => sessions),
    each('latency p99', 'ms', ({ taken }) => taken.p99),
    each('loop lag p99', 'ms', ({ vitals }) => vitals.lagP99),
    one('latency p99, last quarter to first', 'times', drift(samples), { goal: { most: 1.2 } }),
  ]
}

const drift = (samples: readonly Sample[]): number => {
  const settledOnes = samples.filter(({ minutes }) => minutes > 1)
  const quarter = Math.max(1, settledOnes.length >> 2)
  const p99 = ({ taken }: Sample) => taken.p99
  return medianOf(settledOnes.slice(-quarter).map(p99)) / medianOf(settledOnes.slice(0, quarter).map(p99))
}
