/** Latencies: a row a contender, a mark a percentile, on a logarithmic axis, because the last of a thousand matters too. */
import { type Figure, isReached } from '../lib/figures.ts'
import { sideOf } from './contender.ts'
import { logarithmic, type Scale } from './scale.ts'
import { type Card, card, element, inner, line, type Markup, padding, shortened, text, top, widthOf } from './svg.ts'
import { shown, shownGoal } from './values.ts'

export type Percentile = { readonly name: string; readonly figure: Figure }
export type Row = { readonly contender: string; readonly percentiles: readonly Percentile[] }
export type LatencyPanel = { readonly heading: string; readonly rows: readonly Row[] }

const pattern = /^(.*?)[,:]?\s*(?:latency\s+)?p(50|75|90|95|99|999|99\.9|9999|99\.99)$/

/** "1,000 publishes/s: latency p99" is p99 of "1,000 publishes/s". Undefined for what is no percentile. */
export const percentileIn = (measure: string): { readonly of: string; readonly name: string } | undefined => {
  const [, of = '', number] = pattern.exec(measure) ?? []
  return number === undefined ? undefined : { of: of || 'latency', name: `p${number.replace(/^99(9+)$/, '99.$1')}` }
}

const headingHeight = 26
const rowHeight = 56
const axisHeight = 30

export const percentiles = (about: Omit<Card, 'description'>, panels: readonly LatencyPanel[]): Markup => {
  const all = panels.flatMap(({ rows }) => rows.flatMap((row) => row.percentiles.map(({ figure }) => figure)))
  const values = all.flatMap((one) => [one.least, one.most, one.goal?.most ?? one.median]).filter((value) => value > 0)
  const unit = all[0]?.unit ?? 'ms'
  // One axis for all panels, so that they can be compared by eye; room on both sides for the words below the marks.
  const scale = logarithmic(values, [padding + 22, padding + inner - 26])
  const drawn: Markup[] = []
  let y = top
  for (const { heading, rows } of panels) {
    drawn.push(text([padding, y + 13], shortened(heading, inner), { class: 'strong' }))
    y += headingHeight
    const bottom = y + rows.reduce((sum, row) => sum + heightOf(row), 0)
    for (const tick of scale.ticks) {
      drawn.push(line([scale.at(tick), y], [scale.at(tick), bottom], 'grid'))
      drawn.push(text([scale.at(tick), bottom + 15], shown(tick, unit), { class: 'quiet', anchor: 'middle' }))
    }
    for (const row of rows) {
      drawn.push(...rowOf(row, y, scale))
      y += heightOf(row)
    }
    y = bottom + axisHeight
  }
  return card({ ...about, description: panels.map(spoken).join(' ') }, y - 10, drawn)
}

const rowOf = ({ contender, percentiles: marks }: Row, y: number, scale: Scale): readonly Markup[] => {
  const ordered = marks.toSorted((one, other) => one.figure.median - other.figure.median)
  const [first, last] = [ordered[0]?.figure, ordered.at(-1)?.figure]
  if (!first || !last) return []
  const goals = goalsOf(ordered)
  const fits = isBeside(contender, goals)
  const middle = y + heightOf({ contender, percentiles: marks }) - 29
  const side = sideOf(contender) === 'ours' ? 'ours' : 'theirs'
  return [
    text([padding, y + 14], contender, side === 'ours' ? { class: 'strong' } : {}),
    ...(goals
      ? [text([padding + inner, y + (fits ? 14 : 31)], goals.said, { class: goals.style, anchor: 'end' })]
      : []),
    line([scale.at(first.median), middle], [scale.at(last.median), middle], 'range'),
    ...ordered.flatMap(({ figure }) => goalMark(figure, middle, scale)),
    ...ordered.flatMap((one, index) => mark({ one, side, solid: index > 0, middle, scale })),
    ...labels(ordered, middle + 21, scale),
  ]
}

const goalMark = ({ goal }: Figure, middle: number, scale: Scale): readonly Markup[] =>
  goal?.most === undefined ? [] : [line([scale.at(goal.most), middle - 8], [scale.at(goal.most), middle + 8], 'goal')]

type Marked = {
  readonly one: Percentile
  readonly side: string
  readonly solid: boolean
  readonly middle: number
  readonly scale: Scale
}

/** The spread of the rounds as a line, the median as a circle: hollow for the lowest percentile. */
const mark = ({ one: { figure }, side, solid, middle, scale }: Marked): readonly Markup[] => {
  const [from, to] = [scale.at(Math.max(figure.least, 1e-9)), scale.at(Math.max(figure.most, 1e-9))]
  const x = scale.at(figure.median)
  return [
    ...(figure.rounds.length > 1 ? [line([from, middle], [to, middle], 'whisker')] : []),
    element('circle', { class: solid ? `${side} mark` : `hollow ${side}`, cx: x, cy: middle, r: 5.5 }),
  ]
}

/** Under the marks, pushed apart where they would lie on each other. */
const labels = (marks: readonly Percentile[], y: number, scale: Scale): readonly Markup[] => {
  const said = marks.map(({ name, figure }) => `${name} ${shown(figure.median, figure.unit)}`)
  const places = apart(
    marks.map(({ figure }, index) => ({ at: scale.at(figure.median), size: widthOf(said[index] ?? '') + 6 })),
    [padding, padding + inner],
  )
  return said.map((words, index) => text([places[index] ?? 0, y], words, { anchor: 'middle' }))
}

type Said = { readonly said: string; readonly style: string }

const goalsOf = (marks: readonly Percentile[]): Said | undefined => {
  const asked = marks.filter(({ figure }) => figure.goal !== undefined)
  if (asked.length === 0) return undefined
  const said = asked.map(
    ({ name, figure }) => `${isReached(figure) ? '✓' : '✗'} ${name} ${shownGoal(figure.goal ?? {}, figure.unit)}`,
  )
  const style = asked.every(({ figure }) => isReached(figure)) ? 'quiet' : 'missed'
  return { said: `goal ${said.join('  ')}`, style }
}

/** Whether the goals have room on the line of the name; else they get one of their own. */
const isBeside = (contender: string, goals: Said | undefined): boolean =>
  goals === undefined || widthOf(contender) + widthOf(goals.said) < inner

const heightOf = ({ contender, percentiles: marks }: Row): number =>
  isBeside(contender, goalsOf(marks)) ? rowHeight : rowHeight + 18

type Sized = { readonly at: number; readonly size: number }

/** Centres of things of these sizes, in their order, as near to where they belong as they can stand without touching. */
export const apart = (things: readonly Sized[], [from, to]: readonly [number, number]): readonly number[] => {
  const centres: number[] = []
  let free = from
  for (const { at, size } of things) {
    const centre = Math.max(at, free + size / 2)
    centres.push(centre)
    free = centre + size / 2
  }
  let limit = to
  for (let index = things.length - 1; index >= 0; index--) {
    const size = things[index]?.size ?? 0
    centres[index] = Math.min(centres[index] ?? 0, limit - size / 2)
    limit = (centres[index] ?? 0) - size / 2
  }
  return centres
}

const spoken = ({ heading, rows }: LatencyPanel): string =>
  `${heading}: ${rows
    .map(
      ({ contender, percentiles: marks }) =>
        `${contender} ${marks.map(({ name, figure }) => `${name} ${shown(figure.median, figure.unit)}`).join(', ')}`,
    )
    .join('; ')}.`
