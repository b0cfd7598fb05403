import { expect, test } from 'bun:test'
import { fakeClock, homeTenant, meaningOf, refusal, startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

test('S-14: a grant that is revoked stops deliveries at once, and history with it', async () => {
  await using world = await startWorld({ app: clinic })
  const nurse = await world.person('nurse', { grants: ['read:patient:*', 'write:patient'] })
  const doctor = await world.person('doctor', { grants: ['*:patient'] })
  await nurse.joins('patient:42')
  await nurse.joins('patient:43')
  await doctor.says('patient:42', 'message.created', { text: 'one' })
  await nurse.hears('message.created')

  const { auth, engine } = world.server.services
  await auth.grants.revoke(homeTenant, 'nurse', ['read:patient:42'])
  await engine.bus.send({ type: 'grants.changed', tenantId: homeTenant, userId: 'nurse' })
  expect(await nurse.sees('subscription')).toMatchObject({
    room: 'patient:42',
    status: 'unsubscribed',
    reason: 'revoked',
  })
  await doctor.says('patient:42', 'message.created', { text: 'two' })
  await doctor.says('patient:43', 'message.created', { text: 'still' })
  expect(await nurse.hears('message.created')).toMatchObject({ room: 'patient:43' })
  expect(nurse.heard.map(({ room }) => room)).toEqual(['patient:42', 'patient:43'])
  expect(await refusal(nurse.joins('patient:42', 'earliest'))).toMatchObject({ code: 'forbidden' })
  expect(await refusal(nurse.reads('patient:42'))).toMatchObject({ code: 'forbidden' })
})

test('a refresh on the live link may lengthen the session, and change neither tenant nor user', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann', { ttlSeconds: 60 })
  const before = ann.frames.items.length
  expect(before).toBe(0)
  ann.sends({ type: 'auth', id: 1, token: await world.token('ann', { ttlSeconds: 600 }) })
  const greeted = await ann.sees('connected')
  expect(new Date(greeted.expiresAt).getTime()).toBeGreaterThan(Date.now() + 500_000)
  await ann.sees('reply')

  ann.sends({ type: 'auth', token: await world.token('bob') })
  expect(await ann.sees('error')).toMatchObject({ code: 'tenant_mismatch' })
  expect(meaningOf(await ann.closed)).toBe('forbidden')
})

test('a refresh with fewer grants ends what they allowed', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann', { grants: ['read:patient:1'] })
  await ann.joins('patient:1')
  ann.sends({ type: 'auth', token: await world.token('ann') })
  await ann.sees('connected')
  expect(await ann.sees('subscription')).toMatchObject({ status: 'unsubscribed', reason: 'revoked' })
})

test('a session ends when its token does, and says how to come back', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, clock })
  const ann = await world.person('ann', { ttlSeconds: 60 })
  await clock.advance(59_000)
  ann.sends({ type: 'ping' })
  await ann.sees('pong')
  await clock.advance(2_000)
  expect(await ann.sees('error')).toMatchObject({ code: 'token_expired', retry: 'now' })
  expect((await ann.closed).code).toBe(4402)
})

test('a link that never says who it is ends after its time', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, clock })
  const nobody = await world.open('nobody')
  nobody.sends({ type: 'subscribe', room: 'ward:1' })
  expect(await nobody.sees('error')).toMatchObject({ code: 'unauthenticated' })
  const silent = await world.open('silent')
  await clock.advance(10_000)
  expect(await silent.sees('error')).toMatchObject({ code: 'auth_timeout' })
  expect((await silent.closed).code).toBe(4408)
})

test('a disconnected user is told, and is told not to come back', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  await world.server.services.engine.bus.send({ type: 'disconnect', tenantId: homeTenant, userId: 'ann' })
  expect(meaningOf(await ann.closed)).toBe('disconnected')
})

test('a tenant or user named in the address must be that of the token', async () => {
  await using world = await startWorld({ app: clinic })
  const token = await world.token('ann')
  const right = await world.open('right', { token, path: `/v1/websocket?tenantId=${homeTenant}&userId=ann` })
  await right.sees('connected')
  const wrong = await world.open('wrong', { token, path: '/v1/websocket?tenantId=globex' })
  expect(await wrong.sees('error')).toMatchObject({ code: 'tenant_mismatch' })
  await wrong.closed
})

test('a session may be in as many rooms as the limit says, and leaves no trace when it goes', async () => {
  await using world = await startWorld({ app: clinic, config: { limits: { roomsPerSession: 3 } } })
  const ann = await world.person('ann')
  for (const id of [1, 2, 3]) await ann.joins(`ward:${id}`)
  expect(await refusal(ann.joins('ward:4'))).toMatchObject({ code: 'too_many_rooms' })
  await ann.joins('ward:3')
  await ann.goes()
  const bob = await world.person('bob')
  await bob.joins('ward:1')
  expect(world.server.services.hub.stats(homeTenant)).toMatchObject({ sessions: 1, rooms: 1, users: 1 })
})
