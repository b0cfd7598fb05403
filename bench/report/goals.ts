/** All goals in one picture: how many times better or worse than asked each is. A filled circle reached it, a hollow one did not. */
import { type Figure, isReached } from '../lib/figures.ts'
import { card, element, inner, line, type Markup, padding, shortened, text, top, widthOf } from './svg.ts'
import { titleOf } from './titles.ts'
import { shown, shownGoal } from './values.ts'

const rowHeight = 56
const headingHeight = 22
const between = 10
const farthest = 8
const axis = [1 / farthest, 1 / 4, 1 / 2, 1, 2, 4, farthest]
const axisNames = ['⅛', '¼', '½', 'goal', '2 ×', '4 ×', '8 ×']

/** 2 is twice as good as asked, 0.5 half as good. What has a limit above and is nothing or less is as good as can be. */
export const performanceOf = ({ median, goal }: Figure): number => {
  if (goal?.least !== undefined) return Math.max(0, median / goal.least)
  return median <= 0 ? Number.POSITIVE_INFINITY : (goal?.most ?? Number.NaN) / median
}

const place = (performance: number): number => {
  const within = Math.min(farthest, Math.max(1 / farthest, performance || 0))
  const half = inner / 2 - 14
  return padding + inner / 2 + (Math.log(within) / Math.log(farthest)) * half
}

export const goals = (figures: readonly Figure[]): Markup => {
  const reached = figures.filter(isReached).length
  const drawn: Markup[] = []
  let y = top + 22
  for (const [scenario, its] of Map.groupBy(figures, (one) => one.scenario)) {
    drawn.push(text([padding, y + 14], titleOf(scenario), { class: 'strong' }))
    y += headingHeight
    drawn.push(
      ...axis.map((value) => line([place(value), y], [place(value), y + its.length * rowHeight], gridOf(value))),
    )
    for (const one of its) {
      drawn.push(...row(one, y))
      y += rowHeight
    }
    y += between
  }
  const about = {
    title: `${reached} of ${figures.length} goals reached`,
    subtitle: 'How far from its goal each figure is; right of the line is better',
    description: figures.map(spoken).join(' '),
  }
  const names = axis.map((value, index) =>
    text([place(value), top + 10], axisNames[index] ?? '', { class: 'quiet', anchor: 'middle' }),
  )
  return card(about, y - between, [...names, ...drawn])
}

const gridOf = (value: number): string => (value === 1 ? 'goal' : 'grid')

const row = (one: Figure, y: number): readonly Markup[] => {
  const good = isReached(one) === true
  const [x, middle] = [place(performanceOf(one)), y + 42]
  const value = `${good ? '✓' : '✗'} ${shown(one.median, one.unit)} (${shownGoal(one.goal ?? {}, one.unit)})`
  return [
    element('rect', { class: 'backing', x: padding, y: y - 1, width: inner, height: 35 }),
    text([padding, y + 14], shortened(one.contender, inner - widthOf(value) - 8)),
    text([padding + inner, y + 14], value, { class: good ? 'strong' : 'missed', anchor: 'end' }),
    text([padding, y + 30], shortened(one.measure, inner), { class: 'quiet' }),
    line([place(1), middle], [x, middle], good ? 'reach' : 'reach short'),
    element('circle', { class: good ? 'ours mark' : 'fell', cx: x, cy: middle, r: 5.5 }),
  ]
}

const spoken = (one: Figure): string =>
  `${titleOf(one.scenario)}, ${one.measure}, ${one.contender}: ${shown(one.median, one.unit)}, ${isReached(one) ? 'reached' : 'missed'}.`
