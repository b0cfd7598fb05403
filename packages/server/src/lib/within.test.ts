import { expect, test } from 'bun:test'
import { deferred } from './deferred.ts'
import { fakeClock } from './fake-clock.ts'
import { within } from './within.ts'

test('work that is done in time is waited for, and what it throws is thrown', async () => {
  const clock = fakeClock()
  expect(await within(clock, 1_000, Promise.resolve('anything'))).toBe(true)
  const failed = await within(clock, 1_000, Promise.reject(new Error('broken'))).catch((error: Error) => error.message)
  expect(failed).toBe('broken')
})

test('work that is never done is waited for no longer than that', async () => {
  const clock = fakeClock()
  const answer = within(clock, 1_000, deferred().promise)
  await clock.advance(999)
  expect(await Promise.race([answer, 'not yet'])).toBe('not yet')
  await clock.advance(1)
  expect(await answer).toBe(false)
})
