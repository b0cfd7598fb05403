/** Contenders side by side: a bar from 0 for each, its spread as a whisker, its goal as a mark. The best stands first. */
import { type Figure, isReached } from '../lib/figures.ts'
import { sideOf } from './contender.ts'
import { type Scale, straight } from './scale.ts'
import { type Card, card, element, inner, line, type Markup, padding, shortened, text, top, widthOf } from './svg.ts'
import { isMoreBetter, shown, shownGoal } from './values.ts'

export type Panel = {
  readonly heading: string
  readonly figures: readonly Figure[]
  /** Of the same contenders and unit: drawn behind the end of each bar, in outline, as what comes on top. */
  readonly onTop?: readonly Figure[]
}

const headingHeight = 26
const rowHeight = 38
const barHeight = 11
const between = 12

const best = (one: Figure, other: Figure): number =>
  isMoreBetter(one.unit) ? other.median - one.median : one.median - other.median

export const bars = (about: Omit<Card, 'description'>, panels: readonly Panel[]): Markup => {
  const drawn: Markup[] = []
  let y = top
  for (const { heading, figures, onTop = [] } of panels) {
    const more = (one: Figure) =>
      onTop.reduce((sum, { contender, median }) => sum + (contender === one.contender ? Math.max(0, median) : 0), 0)
    drawn.push(text([padding, y + 13], shortened(heading, inner), { class: 'strong' }))
    y += headingHeight
    const reach = figures.flatMap((one) => [
      one.most,
      one.median + more(one),
      one.goal?.least ?? 0,
      one.goal?.most ?? 0,
    ])
    // A difference of two looks at memory may be under nothing; a bar begins at nothing.
    const scale = straight(
      reach.map((value) => Math.max(0, value)),
      [padding, padding + inner],
    )
    for (const one of figures.toSorted(best)) {
      drawn.push(...row(one, { y, scale, more: more(one) }))
      y += rowHeight
    }
    y += between
  }
  const description = panels.map(spoken).join(' ')
  return card({ ...about, description }, y - between, drawn)
}

type Place = { readonly y: number; readonly scale: Scale; readonly more: number }

const row = (one: Figure, { y, scale, more }: Place): readonly Markup[] => {
  const side = sideOf(one.contender)
  const base = y + 19
  const end = scale.at(Math.max(0, one.median))
  const value = shown(one.median, one.unit)
  const right = padding + inner
  const beyond = scale.at(Math.max(0, one.median) + more) - end
  const goalSaid = one.goal && `${isReached(one) ? '✓' : '✗'} goal ${shownGoal(one.goal, one.unit)}`
  const taken = widthOf(value) + (goalSaid ? widthOf(goalSaid) + 12 : 0) + 8
  return [
    text([padding, y + 13], shortened(one.contender, inner - taken), side === 'ours' ? { class: 'strong' } : {}),
    text([right, y + 13], value, { class: 'strong', anchor: 'end' }),
    ...(goalSaid ? [text([right - widthOf(value) - 12, y + 13], goalSaid, goalStyle(one))] : []),
    rectangle(side, { x: padding, y: base, width: Math.max(1.5, end - padding) }),
    ...(beyond > 0.5 ? [rectangle('on-top', { x: end, y: base, width: beyond })] : []),
    ...whisker(one, { base, scale }),
    ...[one.goal?.least, one.goal?.most]
      .filter((goal) => goal !== undefined)
      .map((goal) => line([scale.at(goal), base - 4], [scale.at(goal), base + barHeight + 4], 'goal')),
  ]
}

const goalStyle = (one: Figure) => ({ class: isReached(one) ? 'quiet' : 'missed', anchor: 'end' as const })

const rectangle = (style: string, place: { readonly x: number; readonly y: number; readonly width: number }): Markup =>
  element('rect', { class: style, ...place, height: barHeight, rx: 2 })

const whisker = (
  { least, most, rounds }: Figure,
  { base, scale }: { readonly base: number; readonly scale: Scale },
): readonly Markup[] => {
  const [from, to] = [scale.at(Math.max(0, least)), scale.at(Math.max(0, most))]
  if (rounds.length < 2 || to - from < 1.5) return []
  const middle = base + barHeight / 2
  const cap = (x: number) => line([x, middle - 3.5], [x, middle + 3.5], 'whisker')
  return [line([from, middle], [to, middle], 'halo'), line([from, middle], [to, middle], 'whisker'), cap(from), cap(to)]
}

const spoken = ({ heading, figures }: Panel): string =>
  `${heading}: ${figures
    .toSorted(best)
    .map((one) => `${one.contender} ${shown(one.median, one.unit)}`)
    .join(', ')}.`
