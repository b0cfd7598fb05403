import { expect, test } from 'bun:test'
import { backoff } from './backoff.ts'

const range = { minMs: 500, maxMs: 30_000 }

test('waits anywhere between the floor and a ceiling that doubles', () => {
  expect([1, 2, 3].map((tries) => backoff(tries, range, () => 0))).toEqual([500, 500, 500])
  expect([1, 2, 3].map((tries) => backoff(tries, range, () => 1))).toEqual([1_000, 2_000, 4_000])
})

test('never waits longer than the most, however often it failed', () => {
  expect(backoff(10, range, () => 1)).toBe(30_000)
  expect(backoff(100_000, range, () => 1)).toBe(30_000)
})
