/** Straight lines through points, by least squares: a slope, and the exponent of growth. */

export type Point = readonly [x: number, y: number]

/** y = intercept + slope · x. NaN where fewer than two x differ. */
export const lineThrough = (points: readonly Point[]): { readonly slope: number; readonly intercept: number } => {
  const [meanX, meanY] = [meanOf(points.map(([x]) => x)), meanOf(points.map(([, y]) => y))]
  const across = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const along = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const slope = across === 0 ? Number.NaN : along / across
  return { slope, intercept: meanY - slope * meanX }
}

/** The b of y = a · x^b: 1 where twice as many take twice as much, 0 where it makes no difference. All must be above 0. */
export const exponentOf = (points: readonly Point[]): number =>
  lineThrough(points.map(([x, y]) => [Math.log(x), Math.log(y)])).slope

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
