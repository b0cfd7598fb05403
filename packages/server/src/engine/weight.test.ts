import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import { weightOf } from './weight.ts'

test('an event weighs its text, a byte or two a character', () => {
  const [ascii, cyrillic] = [weightOf({ data: 'x'.repeat(10_000) }), weightOf({ data: 'ж'.repeat(10_000) })]
  expect(ascii).toBeWithin(10_000, 11_000)
  expect(cyrillic).toBeWithin(20_000, 21_000)
})

test('what is small on the wire and large in memory weighs what it takes in memory', () => {
  const lists: Json = Array.from({ length: 1_000 }, () => [])
  expect(JSON.stringify(lists).length).toBeLessThan(4_000)
  expect(weightOf({ data: lists })).toBeGreaterThan(60_000)
  expect(weightOf({ data: { a: { b: null, c: [true, 1, 'x'] } } })).toBeWithin(700, 1_100)
})
