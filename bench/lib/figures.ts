/** What was measured: a figure is the median of its rounds with their spread. Owns the arithmetic and the printing. */

/** What the median must reach, or must not pass, in the unit of the figure. Missing it fails nothing; it is printed. */
export type Goal = { readonly least?: number; readonly most?: number }

/** What a slope or an exponent was fitted to, such as memory (`unit`) at several numbers of sessions (`along`). */
export type Curve = {
  /** What grows: `sessions`, `rooms`, `tenants`, `minutes`. */
  readonly along: string
  /** Of the second number of a point. */
  readonly unit: string
  readonly points: readonly (readonly [number, number])[]
}

export type Figure = {
  readonly scenario: string
  readonly contender: string
  readonly measure: string
  readonly unit: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly rounds: readonly number[]
  readonly goal?: Goal
  readonly curve?: Curve
  /** What a reader must know to judge it. */
  readonly notes: readonly string[]
}

export type About = Omit<Figure, 'median' | 'least' | 'most' | 'rounds' | 'notes'> & {
  readonly notes?: readonly string[]
}

export const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

export const figure = (about: About, rounds: readonly number[]): Figure => ({
  notes: [],
  ...about,
  median: medianOf(rounds),
  least: Math.min(...rounds),
  most: Math.max(...rounds),
  rounds,
})

/** Undefined where nobody asked for anything. */
export const isReached = ({ median, goal }: Pick<Figure, 'median' | 'goal'>): boolean | undefined =>
  goal === undefined
    ? undefined
    : median >= (goal.least ?? Number.NEGATIVE_INFINITY) && median <= (goal.most ?? Number.POSITIVE_INFINITY)

/** Three significant digits, and thousands that can be read. */
export const readable = (value: number): string => {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

/** "≥ 0.9", "≤ 3,584". */
export const goalText = ({ least, most }: Goal): string =>
  [...(least === undefined ? [] : [`≥ ${bare(least)}`]), ...(most === undefined ? [] : [`≤ ${bare(most)}`])].join(', ')

const bare = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 })

const columns = ['scenario', 'measure', 'contender', 'median', 'spread', 'unit', 'goal', 'notes'] as const

const verdictOf = (one: Figure): string =>
  one.goal === undefined ? '' : `${isReached(one) ? 'reached' : 'MISSED'}: ${goalText(one.goal)}`

const rowOf = (one: Figure): readonly string[] => [
  one.scenario,
  one.measure,
  one.contender,
  readable(one.median),
  one.rounds.length > 1 ? `${readable(one.least)} – ${readable(one.most)}` : '',
  one.unit,
  verdictOf(one),
  one.notes.join('; '),
]

export const tableOf = (figures: readonly Figure[]): string => {
  const rows = [columns, ...figures.map(rowOf)]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const right = new Set([3, 4])
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    )
  return rows.map((row) => line(row).join('  ').trimEnd()).join('\n')
}
