/** Lines through points: how a cost grows (both axes logarithmic, so that a straight line is a power), or what happened over time. */
import { type Curve, type Figure, isReached } from '../lib/figures.ts'
import { sideOf } from './contender.ts'
import { apart } from './percentiles.ts'
import { logarithmic, type Scale, straight } from './scale.ts'
import { type Card, card, element, inner, line, type Markup, padding, shortened, text, top } from './svg.ts'
import { shown, shownGoal } from './values.ts'

export type Drawn = Figure & { readonly curve: Curve }
export type CurvePanel = { readonly heading: string; readonly figures: readonly Drawn[] }

const times = ['seconds', 'minutes', 'hours']
/** What happened over time begins at 0 and is even; what grows with a number is read in powers. */
export const isOverTime = ({ curve }: Drawn): boolean => times.includes(curve.along)

/** A line needs two points; on logarithmic axes, two above 0. */
export const hasCurve = (one: Figure): one is Drawn =>
  one.curve !== undefined &&
  one.curve.points.filter(([x, y]) => times.includes(one.curve?.along ?? '') || (x > 0 && y > 0)).length > 1

const headingHeight = 30
const plotHeight = 150
const axisHeight = 46
const left = padding + 58
const right = padding + inner - 128

export const curves = (about: Omit<Card, 'description'>, panels: readonly CurvePanel[]): Markup => {
  const drawn: Markup[] = []
  let y = top
  for (const panel of panels) {
    drawn.push(text([padding, y + 13], shortened(panel.heading, inner), { class: 'strong' }))
    y += headingHeight
    drawn.push(...plot(panel.figures.map(inLargeBytes), y))
    y += plotHeight + axisHeight
  }
  return card({ ...about, description: panels.map(spoken).join(' ') }, y - 6, drawn)
}

/** In KB or MB, whose round numbers are other ones than those of bytes. */
const inLargeBytes = (one: Drawn): Drawn => {
  if (!one.curve.unit.startsWith('bytes')) return one
  const most = Math.max(...one.curve.points.map(([, y]) => y))
  const [size, unit] = most >= 2 ** 22 ? [2 ** 20, 'MB'] : [2 ** 10, 'KB']
  return { ...one, curve: { ...one.curve, unit, points: one.curve.points.map(([x, y]) => [x, y / size] as const) } }
}

type Axes = { readonly x: Scale; readonly y: Scale; readonly top: number }

const axesOf = (figures: readonly Drawn[], at: number): Axes => {
  const points = figures.flatMap(({ curve }) => curve.points)
  const overTime = figures.every(isOverTime)
  const kind = overTime ? straight : logarithmic
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const lowest = Number.MIN_VALUE
  const usable = (values: readonly number[]) => (overTime ? values : values.filter((value) => value > lowest))
  const reach = overTime ? ys : widened(usable(ys), usable(xs))
  return { x: kind(usable(xs), [left, right]), y: kind(reach, [at + plotHeight, at]), top: at }
}

/** With at least half of the powers that the other axis has: what hardly grows must look as if it hardly grew. */
export const widened = (values: readonly number[], across: readonly number[]): readonly number[] => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const wanted = Math.sqrt(Math.max(...across) / Math.min(...across))
  const more = Math.sqrt(Math.max(1, wanted / (most / least)))
  return [least / more, most * more]
}

const plot = (figures: readonly Drawn[], at: number): readonly Markup[] => {
  const axes = axesOf(figures, at)
  const first = figures[0]?.curve
  if (!first) return []
  const bottom = at + plotHeight
  return [
    ...axes.y.ticks.flatMap((tick) => [
      line([left, axes.y.at(tick)], [right, axes.y.at(tick)], 'grid'),
      text([left - 8, axes.y.at(tick) + 4], shown(tick, first.unit), { class: 'quiet', anchor: 'end' }),
    ]),
    ...axes.x.ticks.map((tick) =>
      text([axes.x.at(tick), bottom + 17], tick.toLocaleString('en'), { class: 'quiet', anchor: 'middle' }),
    ),
    line([left, bottom], [right, bottom], 'axis'),
    text([(left + right) / 2, bottom + 34], first.along, { class: 'quiet', anchor: 'middle' }),
    ...figures.flatMap((one) => path(one, axes)),
    ...endings(figures, axes),
  ]
}

/** No more than the width has room for; the highest of those that fall together, so that no peak is hidden. */
export const thinned = (points: Curve['points'], wanted: number): Curve['points'] => {
  if (points.length <= wanted) return points
  const share = points.length / wanted
  return Array.from({ length: wanted }, (_, index) =>
    points
      .slice(Math.floor(index * share), Math.floor((index + 1) * share))
      .reduce((highest, point) => (point[1] > highest[1] ? point : highest)),
  )
}

const path = (one: Drawn, { x, y }: Axes): readonly Markup[] => {
  const side = sideOf(one.contender) === 'ours' ? 'ours' : 'theirs'
  const points = isOverTime(one)
    ? thinned(one.curve.points, 160)
    : one.curve.points.filter(([at, value]) => at > 0 && value > 0)
  const places = points.map(([at, value]) => [x.at(at), y.at(value)] as const)
  return [
    element('polyline', {
      class: `path ${side}`,
      points: places.map((place) => place.map((number) => Math.round(number * 10) / 10).join(',')).join(' '),
    }),
    ...(places.length > 24 ? [] : places.map(([cx, cy]) => element('circle', { class: `${side} mark`, cx, cy, r: 4 }))),
  ]
}

/** Said at the end of each line, so that nobody has to look for a legend. */
const endings = (figures: readonly Drawn[], axes: Axes): readonly Markup[] => {
  const ended = figures
    .map((one) => ({ one, at: axes.y.at(Math.max(one.curve.points.at(-1)?.[1] ?? 0, Number.MIN_VALUE)) }))
    .toSorted((first, second) => first.at - second.at)
  const places = apart(
    ended.map(({ at, one }) => ({ at, size: one.goal ? 52 : 36 })),
    [axes.top - 12, axes.top + plotHeight + 20],
  )
  return ended.flatMap(({ one }, index) => {
    const middle = places[index] ?? 0
    const words = sideOf(one.contender) === 'ours' ? { class: 'strong' } : {}
    return [
      ...(figures.length > 1 ? [text([right + 10, middle - 2], shortened(one.contender, 132), words)] : []),
      text([right + 10, middle + 14], ending(one), figures.length > 1 ? { class: 'quiet' } : words),
      ...(one.goal
        ? [
            text([right + 10, middle + 30], `${isReached(one) ? '✓' : '✗'} goal ${shownGoal(one.goal, one.unit)}`, {
              class: isReached(one) ? 'quiet' : 'missed',
            }),
          ]
        : []),
    ]
  })
}

const ending = (one: Drawn): string =>
  one.unit === 'exponent' ? `power ${shown(one.median, one.unit)}` : shown(one.median, one.unit)

const spoken = ({ heading, figures }: CurvePanel): string =>
  `${heading}: ${figures
    .map(({ contender, curve, ...one }) => {
      const [first, last] = [curve.points[0], curve.points.at(-1)]
      const from = `${shown(first?.[1] ?? 0, curve.unit)} at ${first?.[0].toLocaleString('en')} ${curve.along}`
      const to = `${shown(last?.[1] ?? 0, curve.unit)} at ${last?.[0].toLocaleString('en')}`
      return `${contender} from ${from} to ${to} (${shown(one.median, one.unit)} ${one.unit})`
    })
    .join('; ')}.`
