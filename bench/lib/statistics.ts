/** The arithmetic of the benchmark: percentiles, straight lines through points, and how something grows. No I/O. */

/** `sorted` rises; NaN of nothing. The value below which `share` of all are. */
export const percentileOf = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

export type Point = readonly [x: number, y: number]

/** A least-squares line; `either` is half of the 95 % confidence interval of its slope, NaN with fewer than three points. */
export type Line = { readonly slope: number; readonly at0: number; readonly either: number }

/** Student's t for 95 %, two-sided, by degrees of freedom from 1. */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
/** Cornish and Fisher's expansion around the normal 1.96, within 0.3 % from 11 on. */
const tOf = (freedom: number): number => studentT[freedom - 1] ?? 1.96 + 2.372 / freedom + 2.823 / freedom ** 2

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** NaN throughout where the points do not decide a line. */
export const lineThrough = (points: readonly Point[]): Line => {
  const count = points.length
  const meanX = sum(points.map(([x]) => x)) / count
  const meanY = sum(points.map(([, y]) => y)) / count
  const spread = sum(points.map(([x]) => (x - meanX) ** 2))
  const slope = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread
  const at0 = meanY - slope * meanX
  const left = sum(points.map(([x, y]) => (y - at0 - slope * x) ** 2))
  const freedom = count - 2
  const either = freedom > 0 ? tOf(freedom) * Math.sqrt(left / freedom / spread) : Number.NaN
  return { slope, at0, either }
}

/**
 * The exponent `e` of y ≈ c·xᵉ, fitted in logarithms: 0 is flat, 1 grows with x. Points that are not above 0 have no
 * logarithm; they are left out.
 */
export const exponentOf = (points: readonly Point[]): Line =>
  lineThrough(points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]): Point => [Math.log(x), Math.log(y)]))
