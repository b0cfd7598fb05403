import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { fakeClock, homeTenant, meaningOf, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

test('a right that cannot be looked up is not revoked: the link ends, and whoever comes back is in the room again', async () => {
  const clock = fakeClock(Date.now())
  let away = false
  const app = defineApp({
    rooms: {
      lobby: {
        events: { said: z.object({ n: z.number() }) },
        access: async () => {
          if (away) throw new FanfareError('unavailable', 'The store does not answer.')
          return true
        },
        publish: 'tenant',
      },
    },
  })
  await using world = await startWorld({ app, clock })
  const ann = await world.person('ann')
  await ann.joins('lobby')
  away = true
  await world.server.services.engine.bus.send({ type: 'grants.changed', tenantId: homeTenant, userId: 'ann' })
  expect(meaningOf(await ann.closed)).toBe('unavailable')
  away = false
  const back = await world.person('ann')
  await back.joins('lobby')
  await back.says('lobby', 'said', { n: 1 })
  expect((await back.hears('said')).data).toEqual({ n: 1 })
})
