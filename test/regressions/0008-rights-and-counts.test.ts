import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { homeTenant, meaningOf, refusal, startWorld } from '@fanfare/testkit'
import { z } from 'zod'
import { clinic } from '../support/clinic.ts'

/** Lines that could be taken out of the flows with every test still green. */

const noted = { noted: z.object({}) }
const disturbed = (tenantId: string, userId: string) => ({ type: 'grants.changed', tenantId, userId }) as const

test('who may read a room may not for that publish in it', async () => {
  await using world = await startWorld({ app: clinic })
  const nurse = await world.person('nurse', { grants: ['read:patient'] })
  await nurse.joins('patient:1')
  const said = (room: string, event: string) => refusal(nurse.says(room, event, { text: 'x' }))
  expect(await said('patient:1', 'message.created')).toMatchObject({ code: 'forbidden' })
  expect(await said('notices', 'notice')).toMatchObject({ code: 'forbidden' })
  expect(nurse.heard).toEqual([])
})

test('a rule that throws, or answers anything but true, says no', async () => {
  const app = defineApp({
    rooms: {
      'throws:{id}': {
        events: noted,
        access: () => {
          throw new Error('the directory is away')
        },
      },
      'truthy:{id}': { events: noted, access: (() => 'yes') as unknown as () => boolean },
    },
  })
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  for (const room of ['throws:1', 'truthy:1']) {
    expect(await refusal(ann.joins(room))).toMatchObject({ code: 'forbidden' })
    expect(await refusal(ann.reads(room))).toMatchObject({ code: 'forbidden' })
  }
})

test('presence is for those who may be in the room', async () => {
  const app = defineApp({
    rooms: { 'bed:{id}': { events: noted, presence: true, access: ({ user }) => user.id === 'ann' } },
  })
  await using world = await startWorld({ app })
  const eve = await world.person('eve')
  expect(await refusal(eve.asks({ type: 'presence', room: 'bed:1' }))).toMatchObject({ code: 'forbidden' })
})

test('what another node changed is read before anybody is weighed, and when it cannot be read nobody stays', async () => {
  let allowed = true
  const app = defineApp({ rooms: { 'bed:{id}': { events: noted, access: () => allowed } } })
  await using world = await startWorld({ app })
  const { auth, engine } = world.server.services
  const ann = await world.person('ann')
  await ann.joins('bed:1')
  const grants = auth.grants as { reload: typeof auth.grants.reload }
  grants.reload = async () => {
    allowed = false
  }
  await engine.bus.send(disturbed(homeTenant, 'ann'))
  expect(await ann.sees('subscription')).toMatchObject({ status: 'unsubscribed', reason: 'revoked' })

  grants.reload = async () => {
    throw new Error('the store is away')
  }
  await engine.bus.send(disturbed(homeTenant, 'ann'))
  expect(meaningOf(await ann.closed)).toBe('unavailable')
})

test('sessions are counted for each user, and counted back', async () => {
  await using world = await startWorld({ app: clinic, config: { limits: { sessionsPerUser: 1 } } })
  const first = await world.person('ann')
  const second = await world.open('second', { token: await world.token('ann') })
  expect(await second.sees('error')).toMatchObject({ code: 'too_many_sessions', retry: 'later' })
  await second.closed
  await first.goes()
  await world.person('ann')
})

test('an administrator sees the sessions and counts of their own tenant only', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  await ann.joins('ward:1')
  const admin = { as: 'root', claims: { tenantId: 'globex', roles: ['admin'] } } as const
  expect(await (await world.asks('/v1/sessions', admin)).json()).toEqual({ sessions: [] })
  expect(await (await world.asks('/v1/stats', admin)).json()).toMatchObject({ sessions: 0, users: 0, rooms: 0 })
})

test('a reaction runs for an event and not for its repetition, is marked as done, and a loop of them is cut', async () => {
  let runs = 0
  let loops = 0
  const app = defineApp({
    rooms: {
      'bed:{id}': {
        events: { noted: z.object({}), looped: z.object({}) },
        access: 'tenant',
        publish: 'tenant',
        log: { durable: true },
      },
    },
    on: {
      noted: () => {
        runs++
      },
      looped: async (context, event) => {
        loops++
        await context.publish(event.room, 'looped', {})
      },
    },
  })
  await using world = await startWorld({ app })
  const { engine, reactor } = world.server.services
  const ann = await world.person('ann')
  await ann.says('bed:1', 'noted', {}, 'key')
  await ann.says('bed:1', 'noted', {}, 'key')
  await reactor.idle()
  expect(runs).toBe(1)
  await world.restarts()
  expect(await world.server.services.engine.unreacted.list()).toEqual([])
  expect(engine).not.toBe(world.server.services.engine)

  const again = await world.person('ann')
  await again.says('bed:2', 'looped', {})
  await world.server.services.reactor.idle()
  expect(loops).toBe(8)
})
