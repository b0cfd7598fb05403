import { expect, test } from 'bun:test'
import { logarithmic, straight } from './scale.ts'

test('a straight scale begins at 0 and ends at a round number that no value passes', () => {
  const scale = straight([3, 87], [0, 100])
  expect(scale.ticks).toEqual([0, 25, 50, 75, 100])
  expect(scale.at(0)).toBe(0)
  expect(scale.at(87)).toBeCloseTo(87)
})

test('a straight scale reaches below 0 where values do', () => {
  const scale = straight([-3, 4], [0, 80])
  expect(scale.ticks[0]).toBe(-3)
  expect(scale.at(-3)).toBe(0)
})

test('on a logarithmic scale the same factor is the same distance', () => {
  const scale = logarithmic([1, 9_000], [0, 400])
  expect(scale.ticks).toEqual([1, 10, 100, 1_000, 10_000])
  expect(scale.at(100) - scale.at(10)).toBeCloseTo(scale.at(1_000) - scale.at(100))
})

test('a short logarithmic scale has ticks between the powers of ten', () => {
  expect(logarithmic([0.9, 6], [0, 100]).ticks).toEqual([0.5, 1, 2, 5, 10])
  expect(logarithmic([5], [0, 100]).ticks).toEqual([5, 10])
})
