import { expect, test } from 'bun:test'
import { exponentOf, lineThrough, type Point, percentileOf } from './statistics.ts'

test('a percentile is the value below which that share of all are', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, index) => index)
  expect(percentileOf(hundred, 0.5)).toBe(50)
  expect(percentileOf(hundred, 0.99)).toBe(99)
  expect(percentileOf(hundred, 1)).toBe(99)
  expect(percentileOf([7], 0.999)).toBe(7)
  expect(percentileOf([], 0.5)).toBeNaN()
})

test('a line through points on a line is that line, and is certain', () => {
  const { slope, at0, either } = lineThrough([
    [0, 1],
    [1, 3],
    [2, 5],
    [5, 11],
  ])
  expect(slope).toBeCloseTo(2, 10)
  expect(at0).toBeCloseTo(1, 10)
  expect(either).toBeCloseTo(0, 6)
})

test('the interval of a slope is the one of the textbook', () => {
  // R: confint(lm(y ~ x)) of x = 1..5, y = 2, 4, 5, 4, 5 gives 0.6 ± 0.9000.
  const points: Point[] = [2, 4, 5, 4, 5].map((y, index) => [index + 1, y])
  const { slope, either } = lineThrough(points)
  expect(slope).toBeCloseTo(0.6, 10)
  expect(either).toBeCloseTo(0.9, 2)
})

test('two points have a slope and no interval, one has neither', () => {
  expect(lineThrough([[0, 0]]).slope).toBeNaN()
  const two = lineThrough([
    [0, 0],
    [2, 1],
  ])
  expect(two.slope).toBe(0.5)
  expect(two.either).toBeNaN()
})

test('with many points the interval uses nearly the normal distribution', () => {
  const noise = (index: number) => (index % 2 === 0 ? 1 : -1)
  const points = Array.from({ length: 200 }, (_, index): Point => [index, noise(index)])
  const { either } = lineThrough(points)
  // The residuals have a deviation of about 1; sum of squares of x is n(n²-1)/12.
  expect(either / (1.972 * Math.sqrt(1 / ((200 * (200 ** 2 - 1)) / 12)))).toBeCloseTo(1, 1)
})

test('an exponent tells flat, linear and square growth apart', () => {
  const of = (power: number) => exponentOf([1, 10, 100, 1_000].map((x): Point => [x, 3 * x ** power])).slope
  expect(of(0)).toBeCloseTo(0, 10)
  expect(of(1)).toBeCloseTo(1, 10)
  expect(of(2)).toBeCloseTo(2, 10)
})

test('what has no logarithm is left out of an exponent', () => {
  const { slope } = exponentOf([
    [0, 5],
    [1, -1],
    [1, 2],
    [10, 20],
  ])
  expect(slope).toBeCloseTo(1, 10)
})
