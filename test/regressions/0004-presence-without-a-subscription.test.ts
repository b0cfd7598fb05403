import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { refusal, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

/** The subscription that it replaced had been left, and the user stayed in view for as long as the session lived. */
test('who subscribes again and is refused is no longer shown in the room', async () => {
  let allowed = true
  const app = defineApp({
    rooms: {
      'bed:{id}': {
        events: { noted: z.object({}) },
        presence: true,
        access: ({ user }) => user.id !== 'eve' || allowed,
      },
    },
  })
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  await ann.joins('bed:1')
  const eve = await world.person('eve')
  await eve.joins('bed:1')
  await eve.asks({ type: 'presence', room: 'bed:1', state: 1 })
  expect(await ann.sees('presence')).toMatchObject({ change: 'join' })

  allowed = false
  expect(await refusal(eve.joins('bed:1'))).toMatchObject({ code: 'forbidden' })
  expect(await ann.sees('presence')).toMatchObject({ change: 'leave', member: { userId: 'eve' } })
  expect(await ann.asks({ type: 'presence', room: 'bed:1' })).toMatchObject({ members: [] })
})
