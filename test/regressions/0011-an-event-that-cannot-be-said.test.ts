import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { meaningOf, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

/** It was left out, and the next one followed as if nothing had been. */
test('an event that an endpoint’s words cannot say ends its links; everybody else hears it', async () => {
  const app = defineApp({
    rooms: {
      'bed:{id}': { events: { counted: z.object({ n: z.number() }) }, access: 'tenant', publish: 'tenant' },
    },
    endpoints: {
      '/words': {
        subscribe: ['bed:1'],
        words: {
          event: (event) => {
            if (event.offset === 2) throw new Error('no word for it')
            return { type: 'event', event: JSON.parse(JSON.stringify(event)) }
          },
        },
      },
    },
  })
  await using world = await startWorld({ app })
  const wordy = await world.open('wordy', { path: '/words', token: await world.token('wordy') })
  await wordy.sees('subscription')
  const ann = await world.person('ann')
  await ann.joins('bed:1')
  for (let n = 1; n <= 4; n++) await ann.says('bed:1', 'counted', { n })
  expect(meaningOf(await wordy.closed)).toBe('internal')
  expect(wordy.heard.map(({ offset }) => offset)).toEqual([1])
  for (const offset of [1, 2, 3, 4]) expect((await ann.hears('counted')).offset).toBe(offset)
})
