import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import { fakeClock, refusal, startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

const enter = (state: Json) => ({ type: 'presence', room: 'ward:1', state }) as const
const look = { type: 'presence', room: 'ward:1' } as const

test('others see a user come, change and go; a second device changes nothing until the last one leaves', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  await ann.joins('ward:1')
  const phone = await world.person('bob')
  const desk = await world.person('bob')
  await phone.joins('ward:1')
  await desk.joins('ward:1')

  await phone.asks(enter({ at: 'phone' }))
  expect(await ann.sees('presence')).toMatchObject({
    change: 'join',
    member: { userId: 'bob', state: { at: 'phone' } },
  })
  await desk.asks(enter({ at: 'desk' }))
  expect(await ann.sees('presence')).toMatchObject({
    change: 'update',
    member: { userId: 'bob', state: { at: 'desk' } },
  })
  expect(await ann.asks(look)).toMatchObject({ members: [{ userId: 'bob' }] })

  await phone.goes()
  await desk.asks(enter({ at: 'desk', busy: true }))
  expect(await ann.sees('presence')).toMatchObject({ change: 'update' })
  await desk.goes()
  expect(await ann.sees('presence')).toMatchObject({ change: 'leave', member: { userId: 'bob' } })
  expect(await ann.asks(look)).toMatchObject({ members: [] })
})

test('who drops off is seen for the grace, and coming back within it is no news', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, clock })
  const ann = await world.person('ann')
  await ann.joins('ward:1')
  const bob = await world.person('bob')
  await bob.joins('ward:1')
  await bob.asks(enter('here'))
  await ann.sees('presence')
  await bob.drops()

  await clock.advance(3_000)
  const again = await world.person('bob')
  await again.joins('ward:1')
  await again.asks(enter('here'))
  await clock.advance(10_000)
  expect(ann.frames.items).toEqual([])

  await again.drops()
  await clock.advance(6_000)
  expect(await ann.sees('presence')).toMatchObject({ change: 'leave', member: { userId: 'bob' } })
})

test('leaving the room leaves presence; a room without presence says so; so does one where the user is not', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const bob = await world.person('bob')
  await ann.joins('ward:1')
  expect(await refusal(bob.asks(enter('x')))).toMatchObject({ code: 'not_subscribed' })
  await bob.joins('ward:1')
  await bob.asks(enter('x'))
  await ann.sees('presence')
  await bob.leaves('ward:1')
  expect(await ann.sees('presence')).toMatchObject({ change: 'leave' })
  await bob.joins('corridor:1')
  expect(await refusal(bob.asks({ type: 'presence', room: 'corridor:1', state: 1 }))).toMatchObject({
    code: 'forbidden',
  })
})
