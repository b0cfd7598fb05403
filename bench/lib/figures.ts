/** What was measured: a figure is the median of its rounds with their spread. Owns the arithmetic and the printing. */

export type Figure = {
  readonly scenario: string
  readonly contender: string
  readonly measure: string
  readonly unit: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly rounds: readonly number[]
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

/** Three significant digits, and thousands that can be read. */
const readable = (value: number): string => {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

const columns = ['scenario', 'measure', 'contender', 'median', 'spread', 'unit', 'notes'] as const

const rowOf = (one: Figure): readonly string[] => [
  one.scenario,
  one.measure,
  one.contender,
  readable(one.median),
  one.rounds.length > 1 ? `${readable(one.least)} – ${readable(one.most)}` : '',
  one.unit,
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
