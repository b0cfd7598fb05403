import { expect, test } from 'bun:test'
import { exponentOf, lineThrough } from './fit.ts'

test('finds the slope that most points agree on', () => {
  expect(
    lineThrough([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toEqual({ slope: 2, intercept: 1 })
  expect(
    lineThrough([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ]).slope,
  ).toBeCloseTo(0.2)
})

test('has no slope for a single place', () => {
  expect(
    lineThrough([
      [3, 1],
      [3, 2],
    ]).slope,
  ).toBeNaN()
})

test('tells linear growth from quadratic, and from none', () => {
  const grow = (power: number) => [10, 100, 1_000].map((x): [number, number] => [x, 7 * x ** power])
  expect(exponentOf(grow(1))).toBeCloseTo(1)
  expect(exponentOf(grow(2))).toBeCloseTo(2)
  expect(exponentOf(grow(0))).toBeCloseTo(0)
})
