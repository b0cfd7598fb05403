/** Which charts the figures make. Any scenario gets what its figures are fit for; nothing is drawn that has nothing to compare. */
import type { Figure } from '../lib/figures.ts'
import { bars, type Panel } from './bars.ts'
import { type CurvePanel, curves, type Drawn, hasCurve, isOverTime } from './curves.ts'
import { goals } from './goals.ts'
import { type LatencyPanel, percentileIn, percentiles } from './percentiles.ts'
import { spokenUnit, titleOf } from './titles.ts'

export type Chart = {
  /** Without a folder. */
  readonly file: string
  /** None for the chart of all goals. */
  readonly scenario?: string
  readonly alternative: string
  readonly svg: string
}

/** More would be a picture of which one never sees the whole. */
const rowsInChart = 18

export const chartsOf = (figures: readonly Figure[]): readonly Chart[] => {
  const asked = figures.filter(({ goal }) => goal !== undefined)
  const drawable = figures.filter(({ median }) => Number.isFinite(median))
  const scenarios = [...Map.groupBy(drawable, ({ scenario }) => scenario)]
  return [
    ...(asked.length > 0
      ? [{ file: 'goals.svg', alternative: 'How far each figure is from its goal', svg: goals(asked) }]
      : []),
    ...scenarios.flatMap(([scenario, its]) => chartsOfScenario(scenario, its)),
  ]
}

const chartsOfScenario = (scenario: string, figures: readonly Figure[]): readonly Chart[] => {
  const curved = figures.filter(hasCurve)
  const latencies = figures.filter(
    ({ measure, median, curve }) => curve === undefined && median > 0 && percentileIn(measure) !== undefined,
  )
  const others = figures.filter(
    (one) => one.unit !== 'times' && !curved.includes(one as Drawn) && !latencies.includes(one),
  )
  return [
    ...[...Map.groupBy(others, ({ unit }) => unit)].flatMap(([unit, its]) => barCharts(scenario, unit, its)),
    ...[...Map.groupBy(latencies, ({ unit }) => unit)].map(([unit, its]) => latencyChart(scenario, unit, its)),
    ...curveCharts(scenario, curved),
  ]
}

const named = (scenario: string, ...rest: readonly string[]): string =>
  `${[scenario, ...rest]
    .filter((part, index, all) => part !== all[index - 1])
    .join('-')
    .toLowerCase()
    .replaceAll('/s', 'per-second')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')}.svg`

const barCharts = (scenario: string, unit: string, figures: readonly Figure[]): readonly Chart[] => {
  const panels = [...Map.groupBy(figures, ({ measure }) => measure)]
    .filter(([measure, its]) => memoryIn(measure)?.kind !== 'other' && isWorthABar(its))
    .map(([heading, its]): Panel => ({ heading, figures: its, onTop: kernelOf(heading, figures) }))
  const parts = inParts(panels)
  return parts.map((part, index) => {
    const { shared, panels: shorter } = withoutShared(part)
    const count = parts.length > 1 ? ` (${index + 1} of ${parts.length})` : ''
    const title = `${titleOf(scenario)}${shared === '' ? '' : `: ${shared}`}${count}`
    const file = named(scenario, unit, ...(index > 0 ? [String(index + 1)] : []))
    const alternative = `${title}: ${spokenUnit(unit)}, ${part.map(({ heading }) => heading).join('; ')}`
    return { file, scenario, alternative, svg: bars({ title, subtitle: spokenUnit(unit) }, shorter) }
  })
}

/** Of a session's memory, resident is drawn, with what the kernel has on top of it; the heap is a part of it, and in the table. */
const memoryIn = (measure: string): { readonly kind: 'resident' | 'other'; readonly under: string } | undefined => {
  const [, name, under = ''] = /^(resident|heap|kernel|[\w ]+ in the kernel)(, .*)?$/.exec(measure) ?? []
  return name === undefined ? undefined : { kind: name === 'resident' ? 'resident' : 'other', under }
}

const kernelOf = (heading: string, figures: readonly Figure[]): readonly Figure[] => {
  const memory = memoryIn(heading)
  return memory?.kind !== 'resident'
    ? []
    : figures.filter(({ measure }) => measure.includes('kernel') && memoryIn(measure)?.under === memory.under)
}

/** Something to compare it with: another contender, or a goal that is a length. */
const isWorthABar = (figures: readonly Figure[]): boolean =>
  (figures.length > 1 && figures.every(({ unit }) => unit !== 'cores')) ||
  figures.some(({ goal }) => Math.max(goal?.least ?? 0, goal?.most ?? 0) > 0)

/** What all headings begin with, up to a comma, is said once, above them. */
const withoutShared = (panels: readonly Panel[]): { readonly shared: string; readonly panels: readonly Panel[] } => {
  const shared = panels[0]?.heading.split(', ', 1)[0] ?? ''
  return panels.length > 1 && panels.every(({ heading }) => heading.startsWith(`${shared}, `))
    ? { shared, panels: panels.map((panel) => ({ ...panel, heading: panel.heading.slice(shared.length + 2) })) }
    : { shared: '', panels }
}

const inParts = (panels: readonly Panel[]): readonly (readonly Panel[])[] => {
  const parts: Panel[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const panel of panels) {
    rows += panel.figures.length
    if (rows > rowsInChart) {
      parts.push([])
      rows = panel.figures.length
    }
    parts.at(-1)?.push(panel)
  }
  return parts
}

/** "Two nodes on Redis: latency", but not "Latency: latency". */
const suffixed = (scenario: string, kind: string): string =>
  scenario === kind ? titleOf(scenario) : `${titleOf(scenario)}: ${kind}`

const latencyChart = (scenario: string, unit: string, figures: readonly Figure[]): Chart => {
  const known = figures.map((figure) => ({ figure, ...percentileIn(figure.measure) }))
  const panels = [...Map.groupBy(known, (one) => one.of ?? '')].map(
    ([heading, its]): LatencyPanel => ({
      heading,
      rows: [...Map.groupBy(its, ({ figure }) => figure.contender)].map(([contender, marks]) => ({
        contender,
        percentiles: marks.map(({ figure, name = '' }) => ({ figure, name })),
      })),
    }),
  )
  const title = suffixed(scenario, 'latency')
  const subtitle = 'Percentiles, logarithmic; further left is better'
  const alternative = `${title}, ${panels.map(({ heading }) => heading).join('; ')}`
  return {
    file: named(scenario, 'latency', ...(unit === 'ms' ? [] : [unit])),
    scenario,
    alternative,
    svg: percentiles({ title, subtitle }, panels),
  }
}

const curveCharts = (scenario: string, figures: readonly Drawn[]): readonly Chart[] => {
  const kinds = [
    { name: 'time', title: titleOf(scenario), subtitle: 'Over time', its: figures.filter(isOverTime) },
    {
      name: 'growth',
      title: suffixed(scenario, 'growth'),
      subtitle: 'Logarithmic; of power 0: no growth, 1: in proportion',
      its: figures.filter((one) => !isOverTime(one)),
    },
  ]
  return kinds
    .filter(({ its }) => its.length > 0)
    .map(({ name, title, subtitle, its }) => {
      const groups = Map.groupBy(its, ({ measure }) => measure.replace(/: (slope|exponent)$/, ''))
      const panels = [...groups].map(([heading, same]): CurvePanel => ({ heading, figures: same }))
      const alternative = `${title}: ${panels.map(({ heading }) => heading).join('; ')}`
      return { file: named(scenario, name), scenario, alternative, svg: curves({ title, subtitle }, panels) }
    })
}
