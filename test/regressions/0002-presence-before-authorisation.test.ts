import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'

/** A subscription is in the hub before its access rule has answered, so whoever asked heard who came and went meanwhile. */
test('who waits for an access rule hears nothing of the room, and nothing ever when it says no', async () => {
  const verdict = Promise.withResolvers<boolean>()
  const asked = Promise.withResolvers<void>()
  const app = defineApp({
    rooms: {
      'bed:{id}': {
        events: { noted: z.object({}) },
        presence: true,
        access: ({ user }) => {
          if (user.id !== 'eve') return true
          asked.resolve()
          return verdict.promise
        },
      },
    },
  })
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  await ann.joins('bed:1')
  const eve = await world.person('eve')
  eve.sends({ type: 'subscribe', id: 1, room: 'bed:1' })
  await asked.promise

  await ann.asks({ type: 'presence', room: 'bed:1', state: { seeing: 'the oncologist' } })
  await ann.sees('presence')
  verdict.resolve(false)
  expect(await eve.sees('error')).toMatchObject({ id: 1, code: 'forbidden' })
  expect(eve.frames.items).toEqual([])
})
