import { expect, test } from 'bun:test'
import { backoffMs, outcomeOf } from './outcome.ts'

test('every answer of a push service means one of four things', () => {
  for (const status of [200, 201, 202, 204]) expect(outcomeOf(status, 1)).toEqual({ kind: 'sent' })
  for (const status of [404, 410]) expect(outcomeOf(status, 1)).toEqual({ kind: 'gone' })
  for (const status of [408, 429, 500, 502, 503])
    expect(outcomeOf(status, 1)).toEqual({ kind: 'later', afterMs: 30_000 })
  for (const status of [301, 302, 307, 400, 401, 403, 413])
    expect(outcomeOf(status, 1)).toEqual({ kind: 'refused', status })
})

test('it is tried again later and later, as late as the service asks, and never later than an hour', () => {
  expect([1, 2, 3, 7, 8, 1_000].map(backoffMs)).toEqual([30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000])
  expect(outcomeOf(429, 1, 90_000)).toEqual({ kind: 'later', afterMs: 90_000 })
  expect(outcomeOf(503, 1, 999_999_000)).toEqual({ kind: 'later', afterMs: 3_600_000 })
})
