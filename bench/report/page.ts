/** The parts of docs/benchmarks.md that are made from results. Owns the marks around them; what stands between is never written by hand. */
import { type Figure, goalText, isReached, readable } from '../lib/figures.ts'
import { type ContenderState, isQuick, type Result } from '../lib/results.ts'
import { type Chart, chartsOf } from './charts.ts'
import { inOrder, titleOf } from './titles.ts'
import { verdict } from './values.ts'

const marked = /(<!-- made: ([\w -]+) -->\n)[\s\S]*?(<!-- \/made -->)/g

export type Report = { readonly page: string; readonly charts: readonly Chart[] }

/** @param page with its marks; a scenario that has none of its own is told at `made: others` */
export const reportOf = (page: string, results: readonly Result[]): Report => {
  const figures = inOrder(results.flatMap((result) => result.figures))
  const charts = chartsOf(figures)
  const names = [...new Set(figures.map(({ scenario }) => scenario))]
  const own = [...page.matchAll(marked)].map(([, , name = '']) => name)
  const scenario = (name: string): string => sectionOf(name, figures, charts)
  const sections: { readonly [name: string]: string } = {
    runs: runsOf(results),
    contenders: contendersOf(results),
    goals: goalsOf(figures, charts),
    others: names
      .filter((name) => !own.includes(name))
      .map((name) => `### ${titleOf(name)}\n\n${scenario(name)}`)
      .join('\n\n'),
    ...Object.fromEntries(names.map((name) => [name, scenario(name)])),
  }
  const written = page.replaceAll(marked, (_, begin: string, name: string, end: string) => {
    const section = sections[name] ?? 'Not measured in the runs that this page was made from.'
    return `${begin}${section === '' ? '' : `\n${section}\n\n`}${end}`
  })
  return { page: written, charts }
}

/** A sign and what it belongs to stay on one line. */
const cell = (content: string): string =>
  content
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replaceAll(/([≥≤✓✗]) /g, '$1\u00a0')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const picture = ({ file, alternative }: Chart): string =>
  `![${alternative.replaceAll(/[[\]]/g, '')}](benchmarks/${file})`

const measured = ({ median, unit }: Figure): string => {
  if (!Number.isFinite(median)) return 'none'
  return unit.startsWith('/') ? `${readable(median)}${unit}` : `${readable(median)} ${unit}`
}

const spreadOf = ({ least, most, rounds }: Figure): string =>
  rounds.length > 1 ? `${readable(least)} – ${readable(most)} (${rounds.length})` : ''

const goalCell = (one: Figure): string => (one.goal === undefined ? '' : `${goalText(one.goal)}: ${verdict(one)}`)

const sectionOf = (name: string, figures: readonly Figure[], charts: readonly Chart[]): string => {
  const its = figures.filter(({ scenario }) => scenario === name)
  const rows = its.map((one) => [
    one.measure,
    one.contender,
    measured(one),
    spreadOf(one),
    goalCell(one),
    one.notes.join('; '),
  ])
  const head = ['Measure', 'Contender', 'Median', 'Lowest – highest (rounds)', 'Goal', 'Notes']
  return [
    ...charts.filter(({ scenario }) => scenario === name).map(picture),
    `<details><summary>All figures of this scenario</summary>\n\n${table(head, rows)}\n\n</details>`,
  ].join('\n\n')
}

const goalsOf = (figures: readonly Figure[], charts: readonly Chart[]): string => {
  const asked = figures.filter(({ goal }) => goal !== undefined)
  if (asked.length === 0) return 'None of these figures has a goal.'
  const rows = asked.map((one) => [
    titleOf(one.scenario),
    `${one.measure}: ${one.contender}`,
    goalText(one.goal ?? {}),
    measured(one),
    isReached(one) ? verdict(one) : `**${verdict(one)}**`,
  ])
  return [
    ...charts.filter(({ scenario }) => scenario === undefined).map(picture),
    table(['Scenario', 'Figure', 'Goal', 'Measured', ''], rows),
  ].join('\n\n')
}

const runsOf = (results: readonly Result[]): string => {
  const rows = results.map((result) => [
    result.at.slice(0, 16).replace('T', ' '),
    result.commit,
    [...new Set(result.figures.map(({ scenario }) => scenario))].join(', '),
    `\`npm run bench${result.arguments.length > 0 ? ` -- ${result.arguments.join(' ')}` : ''}\``,
  ])
  const machines = [...Map.groupBy(results, ({ machine }) => JSON.stringify(machine))]
  const quick = results.some(isQuick)
  return [
    ...(quick
      ? ['**Some of these runs were made with `--quick`: short rounds, for a look. They are not to be quoted.**']
      : []),
    table(['Ended (UTC)', 'Commit', 'Scenarios', 'Command'], rows),
    ...machines.map(([, its]) => machineOf(its, results)),
  ].join('\n\n')
}

const machineOf = (its: readonly Result[], results: readonly Result[]): string => {
  const rows = Object.entries(its[0]?.machine ?? {}).map(([name, value]) => [name, said(value)])
  const which =
    its.length === results.length ? '' : ` of ${its.map(({ at }) => at.slice(0, 16).replace('T', ' ')).join(', ')}`
  return table([`Machine${which}`, ''], rows)
}

const said = (value: string | number | boolean): string =>
  value === true ? 'yes' : value === false ? 'no' : String(value)

const contendersOf = (results: readonly Result[]): string => {
  const newest = new Map<string, ContenderState>()
  for (const one of results.flatMap(({ contenders }) => contenders)) {
    if (!newest.has(one.contender)) newest.set(one.contender, one)
  }
  const rows = [...newest.values()].map((one) => [
    one.contender,
    'version' in one ? one.version : `**missing**: ${one.missing}`,
    one.configured,
  ])
  return table(['Contender', 'Version', 'Configured'], rows)
}
