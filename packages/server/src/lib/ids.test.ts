import { expect, test } from 'bun:test'
import { uuidv7 } from './ids.ts'

/** Later than any other test's, because ids of a process never fall back. */
const now = Date.UTC(2100, 0, 1)

test('an id is a UUIDv7 of its time', () => {
  const id = uuidv7(now)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(now)
})

test('ids rise and differ, however many come in a millisecond and whatever the clock does', () => {
  const times = [now + 1, now + 1, now, now + 2]
  const ids = times.flatMap((time) => Array.from({ length: 5_000 }, () => uuidv7(time)))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
})

test('what is random in an id is not the same twice', () => {
  const ends = Array.from({ length: 1_000 }, () => uuidv7(now).slice(19))
  expect(new Set(ends).size).toBe(ends.length)
})
