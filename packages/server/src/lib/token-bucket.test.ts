import { expect, test } from 'bun:test'
import { TokenBucket } from './token-bucket.ts'

const rate = { perSecond: 10, burst: 5 }

test('a burst passes at once, then one every tenth of a second', () => {
  const bucket = new TokenBucket(rate, 0)
  for (let taken = 0; taken < 5; taken++) expect(bucket.take(0)).toBe(0)
  expect(bucket.take(0)).toBe(100)
  expect(bucket.take(99)).toBe(1)
  expect(bucket.take(100)).toBe(0)
  expect(bucket.take(100)).toBe(100)
})

test('a refusal takes nothing, so hammering does not postpone the next success', () => {
  const bucket = new TokenBucket(rate, 0)
  bucket.take(0, 5)
  for (let now = 1; now < 100; now++) expect(bucket.take(now)).toBeGreaterThan(0)
  expect(bucket.take(100)).toBe(0)
})

test('rest never saves up more than the burst', () => {
  const bucket = new TokenBucket(rate, 0)
  expect(bucket.take(60_000, 5)).toBe(0)
  expect(bucket.take(60_000)).toBe(100)
})

test('what costs more than the burst passes on a full bucket and is paid off afterwards', () => {
  const bucket = new TokenBucket(rate, 0)
  expect(bucket.take(0, 20)).toBe(0)
  expect(bucket.take(0)).toBe(1600)
  expect(bucket.take(1600)).toBe(0)
})

test('a clock that is set back neither fills nor empties it', () => {
  const bucket = new TokenBucket(rate, 1_000_000)
  bucket.take(1_000_000, 5)
  expect(bucket.take(0)).toBe(100)
  expect(bucket.take(100)).toBe(0)
})

test('a bucket has rested when it is full again', () => {
  const bucket = new TokenBucket(rate, 0)
  expect(bucket.rested(0)).toBe(true)
  bucket.take(0)
  expect(bucket.rested(99)).toBe(false)
  expect(bucket.rested(100)).toBe(true)
  bucket.take(100)
  bucket.put()
  expect(bucket.rested(100)).toBe(true)
})
