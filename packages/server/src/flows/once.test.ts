import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { Once } from './once.ts'

const count = () => {
  let runs = 0
  return async () => ++runs
}

test('the same key gives the first answer for as long as it is remembered', async () => {
  const clock = fakeClock()
  const once = new Once({ clock, forMs: 1_000, most: 10 })
  const run = count()
  expect(await Promise.all([once.once('a', run), once.once('a', run)])).toEqual([1, 1])
  expect(await once.once('b', run)).toBe(2)
  await clock.advance(999)
  expect(await once.once('a', run)).toBe(1)
  await clock.advance(1)
  expect(await once.once('a', run)).toBe(3)
})

test('what failed runs again', async () => {
  const once = new Once({ clock: fakeClock(), forMs: 1_000, most: 10 })
  const failed = once.once('a', () => Promise.reject(new Error('not now')))
  expect(await failed.catch((error: Error) => error.message)).toBe('not now')
  expect(await once.once('a', count())).toBe(1)
})

test('no more is remembered than may be: the oldest is forgotten', async () => {
  const once = new Once({ clock: fakeClock(), forMs: 1_000, most: 2 })
  const run = count()
  for (const key of ['a', 'b', 'c']) await once.once(key, run)
  expect(await once.once('c', run)).toBe(3)
  expect(await once.once('a', run)).toBe(4)
})
