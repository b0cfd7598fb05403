/** The results that the page is made from: read from files of runs, joined, and kept in the repository in few bytes. */
import type { Figure } from '../lib/figures.ts'
import type { Result } from '../lib/results.ts'

const scenariosOf = ({ figures }: Result): readonly string[] => [...new Set(figures.map(({ scenario }) => scenario))]

/**
 * A scenario comes whole from the newest run that has it, never from two: only what ran together can be compared. Runs of
 * which nothing is left are dropped; the newest comes first.
 */
export const joined = (results: readonly Result[]): readonly Result[] => {
  const taken = new Set<string>()
  return results
    .toSorted((one, other) => other.at.localeCompare(one.at))
    .map((result) => {
      const fresh = scenariosOf(result).filter((scenario) => !taken.has(scenario))
      for (const scenario of fresh) taken.add(scenario)
      return { ...result, figures: result.figures.filter(({ scenario }) => fresh.includes(scenario)).map(short) }
    })
    .filter(({ figures }) => figures.length > 0)
}

/** JSON has no word for what is no number, and says null. */
const six = (value: number | null): number => (value === null ? Number.NaN : Number(value.toPrecision(6)))

const short = (one: Figure): Figure => ({
  ...one,
  median: six(one.median),
  least: six(one.least),
  most: six(one.most),
  rounds: one.rounds.map(six),
  ...(one.curve && { curve: { ...one.curve, points: one.curve.points.map(([x, y]) => [six(x), six(y)] as const) } }),
})

/** A line a figure, so that a difference between two versions can be read. */
export const writeKept = (results: readonly Result[]): string => `[${results.map(writeRun).join(',')}]\n`

const writeRun = ({ figures, ...run }: Result): string =>
  `\n${JSON.stringify(run).slice(0, -1)},"figures":[\n${figures.map((one) => JSON.stringify(one)).join(',\n')}\n]}`

/** A file of one run, or one of kept runs. @throws Error when it is neither */
export const readResults = (json: string, name: string): readonly Result[] => {
  const content = JSON.parse(json) as Result | readonly Result[]
  const results = Array.isArray(content) ? (content as readonly Result[]) : [content as Result]
  for (const { at, commit, machine, contenders, figures } of results) {
    if (!at || !commit || !machine || !contenders || !figures) {
      throw new Error(`${name} is no result of this benchmark, or of an older one: run it again.`)
    }
  }
  return results
}
