/** After a node missed what others said, it finds out by itself whose rights and tokens have ended. */
import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { fakeClock, homeTenant, meaningOf, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'

const app = defineApp({
  rooms: {
    lobby: { events: { said: z.string() }, access: 'tenant', publish: 'tenant' },
    ward: { events: { said: z.string() }, access: ({ user }) => user.may('read', 'ward'), publish: 'tenant' },
  },
})

const grants = ['read:ward']

/** As an engine tells it; no node ever says so to another. */
const missesMessages = ({ server }: World) => server.services.engine.bus.send({ type: 'missed' } as never)

test('who lost a right leaves the room, who was signed out everywhere goes, and all others stay', async () => {
  await using world = await startWorld({ app })
  const { auth } = world.server.services
  const [ann, bob, eve] = [
    await world.person('ann', { grants }),
    await world.person('bob', { grants }),
    await world.person('eve', { grants }),
  ]
  for (const person of [ann, bob, eve]) {
    await person.joins('ward')
    await person.joins('lobby')
  }
  // In the store; nobody told this node what to do about it.
  await auth.grants.revoke(homeTenant, 'ann', grants)
  await auth.revokeTokens(homeTenant, 'bob')
  await missesMessages(world)
  expect(await ann.sees('subscription')).toMatchObject({ room: 'ward', status: 'unsubscribed', reason: 'revoked' })
  expect(meaningOf(await bob.closed)).toBe('disconnected')
  await eve.says('ward', 'said', 'still here')
  expect(await eve.hears('said')).toMatchObject({ data: 'still here' })
  await ann.says('lobby', 'said', 'here too')
  expect(await ann.hears('said')).toMatchObject({ room: 'lobby' })
})

test('whoever signed in again after the revocation stays', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app, clock })
  const before = await world.person('bob')
  await world.server.services.auth.revokeTokens(homeTenant, 'bob')
  await clock.advance(2_000)
  const after = await world.person('bob')
  await missesMessages(world)
  expect(meaningOf(await before.closed)).toBe('disconnected')
  await after.joins('lobby')
  expect(world.server.services.hub.sessionsOf(homeTenant, 'bob')).toHaveLength(1)
})

test('nobody is sent away because the store takes a while to come back; where it does not, who cannot be weighed goes', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app, clock })
  const ann = await world.person('ann', { grants })
  await ann.joins('ward')
  const { grants: stored } = world.server.services.auth
  const { reload } = stored
  let fails = 5
  Object.assign(stored, {
    reload: (...of: Parameters<typeof reload>) => {
      if (fails-- > 0) throw new Error('away')
      return reload(...of)
    },
  })
  await missesMessages(world)
  for (let second = 0; second < 6; second++) await clock.advance(1_000)
  expect(fails).toBe(-1)
  await ann.says('ward', 'said', 'still here')
  fails = Number.POSITIVE_INFINITY
  await missesMessages(world)
  for (let second = 0; second < 12; second++) await clock.advance(1_000)
  expect(meaningOf(await ann.closed)).toBe('unavailable')
})
