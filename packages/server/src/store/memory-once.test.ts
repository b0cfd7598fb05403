import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { counting, describeOnce } from '../model/once.contract.ts'
import { memoryOnce } from './memory-once.ts'

describeOnce('memory', async ({ forMs }) => {
  const clock = fakeClock()
  const once = memoryOnce({ clock, forMs })
  return { clock, next: async () => once, close: async () => {} }
})

test('no more is remembered than may be: the oldest is forgotten', async () => {
  const once = memoryOnce({ clock: fakeClock(), forMs: 1_000, most: 2 })
  const work = counting()
  for (const key of ['a', 'b', 'c']) await once.once('t', key, work)
  expect(await once.once('t', 'c', work)).toBe(3)
  expect(await once.once('t', 'a', work)).toBe(4)
})
