import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { fakeClock, homeTenant, meaningOf, refusal, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

/** An access rule whose answers the test gives: at first at once, later never. */
const hanging = () => {
  let hangs = false
  const app = defineApp({
    rooms: {
      lobby: {
        events: { said: z.object({ n: z.number() }) },
        access: () => (hangs ? new Promise<boolean>(() => {}) : true),
        publish: 'tenant',
      },
    },
  })
  return {
    app,
    hang: () => {
      hangs = true
    },
  }
}

test('a user whose right nobody can confirm any more hears nothing after a second', async () => {
  const clock = fakeClock(Date.now())
  const { app, hang } = hanging()
  await using world = await startWorld({ app, clock })
  const ann = await world.person('ann')
  await ann.joins('lobby')
  hang()
  await world.server.services.engine.bus.send({ type: 'grants.changed', tenantId: homeTenant, userId: 'ann' })
  // The grants are read anew before the rule is asked.
  await clock.advance(0)
  await clock.advance(1_000)
  // Nobody said no: whoever comes back is asked again, and is in the room when the rule answers.
  expect(meaningOf(await ann.closed)).toBe('unavailable')
  const bob = await world.person('bob')
  await bob.says('lobby', 'said', { n: 1 })
  expect(ann.heard).toEqual([])
})

test('who asks while the rule does not answer is told to come back, not that they may not', async () => {
  const clock = fakeClock(Date.now())
  const { app, hang } = hanging()
  hang()
  await using world = await startWorld({ app, clock })
  const ann = await world.person('ann')
  const asked = refusal(ann.joins('lobby'))
  // The frame must have arrived before time moves.
  while (world.server.services.hub.stats(homeTenant).rooms === 0) await clock.advance(0)
  await clock.advance(10_000)
  expect(await asked).toMatchObject({ code: 'unavailable', retry: 'later' })
})
