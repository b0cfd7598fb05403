/** From values to places: straight or logarithmic, with the ticks that a reader expects. */

export type Scale = { at(value: number): number; readonly ticks: readonly number[] }
type Span = readonly [from: number, to: number]

/** The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below. */
export const roundedUp = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return (([1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.999_999) ?? 10) as number) * power
}

/** From 0, because a length that does not begin at 0 lies; below it only where values are. */
export const straight = (values: readonly number[], [from, to]: Span): Scale => {
  const step = roundedUp(Math.max(...values, 0) / 4)
  const least = Math.min(0, Math.floor(Math.min(...values) / step) * step)
  const most = Math.max(step, Math.ceil(Math.max(...values) / step - 1e-9) * step)
  const at = (value: number): number => from + ((value - least) / (most - least)) * (to - from)
  const count = Math.round((most - least) / step)
  return { at, ticks: Array.from({ length: count + 1 }, (_, index) => least + index * step) }
}

/** Whole powers of ten around the values; 2 and 5 too where there are few. Values must be above 0. */
export const logarithmic = (values: readonly number[], [from, to]: Span): Scale => {
  const marks = [1, 2, 5]
  const all = Array.from({ length: 31 }, (_, index) => index - 12).flatMap((power) =>
    marks.map((mark) => Number(`${mark}e${power}`)),
  )
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  const least = all.findLast((mark) => mark <= lowest) ?? lowest
  const most = all.find((mark) => mark >= highest && mark > least) ?? highest
  const within = all.filter((mark) => mark >= least && mark <= most)
  const tens = within.filter((mark) => /^1(e|0*$)|^0\.0*1$/.test(String(mark)))
  const at = (value: number): number => from + (Math.log(value / least) / Math.log(most / least)) * (to - from)
  return { at, ticks: tens.length >= 3 ? tens : within }
}
