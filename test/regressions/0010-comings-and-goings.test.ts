import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { fakeClock, homeTenant, refusal, startWorld } from '@fanfare/testkit'
import { z } from 'zod'
import { clinic } from '../support/clinic.ts'

/** It was told that it is shown, and was not. */
test('who loses the room while being asked whether they may be shown there is refused, and not shown', async () => {
  const asked = Promise.withResolvers<void>()
  const verdict = Promise.withResolvers<boolean>()
  let allowed = true
  const app = defineApp({
    rooms: {
      'bed:{id}': {
        events: { noted: z.object({}) },
        presence: true,
        access: ({ user, action }) => {
          if (user.id !== 'eve' || action !== 'presence') return allowed || user.id !== 'eve'
          asked.resolve()
          return verdict.promise
        },
      },
    },
  })
  await using world = await startWorld({ app })
  const eve = await world.person('eve')
  await eve.joins('bed:1')
  const entering = refusal(eve.asks({ type: 'presence', room: 'bed:1', state: 1 }))
  await asked.promise
  allowed = false
  await world.server.services.engine.bus.send({ type: 'grants.changed', tenantId: homeTenant, userId: 'eve' })
  expect(await eve.sees('subscription')).toMatchObject({ status: 'unsubscribed' })
  verdict.resolve(true)
  expect(await entering).toMatchObject({ code: 'not_subscribed' })
  const ann = await world.person('ann')
  expect(await ann.asks({ type: 'presence', room: 'bed:1' })).toMatchObject({ members: [] })
})

test('who says goodbye is gone at once, without the grace of a connection that broke', async () => {
  await using world = await startWorld({ app: clinic, clock: fakeClock(Date.now()) })
  const [ann, bob] = [await world.person('ann'), await world.person('bob')]
  await ann.joins('ward:1')
  await bob.joins('ward:1')
  await bob.asks({ type: 'presence', room: 'ward:1', state: 1 })
  expect(await ann.sees('presence')).toMatchObject({ change: 'join' })
  await bob.goes()
  expect(await ann.sees('presence')).toMatchObject({ change: 'leave' })
})

test('a link that goes while its token is verified leaves no session behind', async () => {
  await using world = await startWorld({ app: clinic })
  const { auth, hub } = world.server.services
  const gate = Promise.withResolvers<void>()
  const verify = auth.verifyToken
  auth.verifyToken = async (token) => {
    await gate.promise
    return verify(token)
  }
  const ann = await world.open('ann', { token: await world.token('ann') })
  await ann.goes()
  gate.resolve()
  await world.person('bob')
  expect([...hub.sessions.values()].map(({ userId }) => userId)).toEqual(['bob'])
})

test('a user’s frames are counted over all links', async () => {
  const limits = { framesPerSecond: 1_000_000, framesBurst: 5, framesPerSecondPerUser: 5 }
  await using world = await startWorld({ app: clinic, clock: fakeClock(Date.now()), config: { limits } })
  const [desk, phone, other] = [await world.person('ann'), await world.person('ann'), await world.person('bob')]
  const reads = (who: typeof desk) => who.asks({ type: 'history', room: 'ward:1' })
  for (let count = 0; count < 5; count++) await reads(desk)
  expect(await refusal(reads(phone))).toMatchObject({ code: 'rate_limited', retry: 'later' })
  await reads(other)
})
