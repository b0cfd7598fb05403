/** Who is gone for good is told to the application once: not for a reload, and also when the server was away meanwhile. */
import { expect, test } from 'bun:test'
import { defineApp, type FakeClock } from '@fanfare/server'
import { fakeClock, homeTenant, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

type Told = { readonly what: string; readonly tenant: string; readonly since: string }

/** An application that keeps a diary of who went; its handler fails as often as it is told to. */
const withDiary = () => {
  const told: Told[] = []
  const failures = { left: 0 }
  const access = 'tenant'
  const app = defineApp({
    rooms: {
      lobby: { events: {}, access },
      'ward:{id}': { events: {}, access: ({ user }) => !user.is('guest') },
      diary: { events: { noted: z.string() }, access, log: { keep: 100, for: '1h', durable: true } },
    },
    lifecycle: {
      'user.offline': async (context, { userId, since }) => {
        told.push({ what: userId, tenant: context.tenantId, since })
        await context.publish('diary', 'noted', `${userId} went`)
        if (failures.left-- > 0) throw new Error('not now')
        await context.publish('diary', 'noted', `${userId} is dealt with`)
      },
      'room.vacated': ({ tenantId }, { room, since }) => {
        told.push({ what: room, tenant: tenantId, since })
      },
    },
  })
  return { app, told, failures }
}

/** A second at a time, with a moment for the network in each. */
const pass = async (clock: FakeClock, seconds: number) => {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1_000)
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const begin = async () => {
  const clock = fakeClock(Date.now())
  const diary = withDiary()
  const world = await startWorld({ app: diary.app, clock })
  // Whoever was here before the start has time to come back first.
  await pass(clock, 21)
  const names = () => diary.told.map(({ what }) => what).sort()
  return { ...diary, clock, world, names, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

test('a user who is gone for good, and a room that is left by all, are told once, with since when they were there', async () => {
  await using stage = await begin()
  const { clock, told, world, names } = stage
  const since = new Date(clock.now()).toISOString()
  const [ann, bob] = [await world.person('ann'), await world.person('bob')]
  await ann.joins('ward:1')
  await ann.joins('lobby')
  await bob.joins('lobby')
  await pass(clock, 30)
  expect(told).toEqual([])
  await ann.drops()
  await pass(clock, 14)
  expect(told).toEqual([])
  await pass(clock, 10)
  expect(names()).toEqual(['ann', 'ward:1'])
  expect(told[0]).toMatchObject({ tenant: homeTenant, since })
  await bob.goes()
  await pass(clock, 24)
  expect(names()).toEqual(['ann', 'bob', 'lobby', 'ward:1'])
  await pass(clock, 90)
  expect(told).toHaveLength(4)
  const reader = await world.person('reader')
  const { events } = await reader.reads('diary')
  expect(events.map(({ data }) => data)).toEqual(['ann went', 'ann is dealt with', 'bob went', 'bob is dealt with'])
})

test('a reload, a second session and a lost connection are nothing; the next time is another', async () => {
  await using stage = await begin()
  const { clock, told, world, names } = stage
  const first = await world.person('ann')
  const second = await world.person('ann')
  await pass(clock, 5)
  await first.drops()
  await pass(clock, 30)
  await second.drops()
  await pass(clock, 10)
  const third = await world.person('ann')
  await pass(clock, 30)
  expect(told).toEqual([])
  await third.goes()
  await pass(clock, 24)
  const fourth = await world.person('ann')
  await pass(clock, 5)
  await fourth.goes()
  await pass(clock, 24)
  expect(names()).toEqual(['ann', 'ann'])
  expect(new Set(told.map(({ since }) => since)).size).toBe(2)
})

test('a handler that fails runs again, and what it had published is not published twice', async () => {
  await using stage = await begin()
  const { clock, failures, world, names } = stage
  failures.left = 2
  const ann = await world.person('ann')
  await ann.goes()
  await pass(clock, 24)
  expect(names()).toEqual(['ann'])
  await pass(clock, 130)
  expect(names()).toEqual(['ann', 'ann', 'ann'])
  await pass(clock, 90)
  expect(names()).toHaveLength(3)
  const reader = await world.person('reader')
  const { events } = await reader.reads('diary')
  expect(events.map(({ data }) => data)).toEqual(['ann went', 'ann is dealt with'])
  expect(await (await world.asks('/metrics')).text()).toContain('fanfare_lifecycle_failed_total 2')
})

test('over a restart: who comes back was never gone, and who does not is told', async () => {
  await using stage = await begin()
  const { clock, told, world, names } = stage
  const [ann, bob] = [await world.person('ann'), await world.person('bob')]
  await bob.joins('ward:1')
  await pass(clock, 5)
  let back = false
  const restarting = world.restarts().then(() => {
    back = true
  })
  while (!back) {
    await clock.advance(50)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all([restarting, ann.closed, bob.closed])
  await pass(clock, 5)
  await world.person('ann')
  await pass(clock, 12)
  expect(told).toEqual([])
  await pass(clock, 10)
  expect(names()).toEqual(['bob', 'ward:1'])
})

test('a room that nobody was let into is not told of', async () => {
  await using stage = await begin()
  const { clock, world, names } = stage
  const guest = await world.person('guest', { roles: ['guest'] })
  await expect(guest.joins('ward:2')).rejects.toMatchObject({ code: 'forbidden' })
  await pass(clock, 10)
  await guest.goes()
  await pass(clock, 30)
  expect(names()).toEqual(['guest'])
})

test('where the application does not ask, nothing is held', async () => {
  const clock = fakeClock(Date.now())
  const app = defineApp({ rooms: { lobby: { events: {}, access: 'tenant' } } })
  await using world = await startWorld({ app, clock })
  const ann = await world.person('ann')
  await ann.joins('lobby')
  await pass(clock, 5)
  await ann.goes()
  await pass(clock, 60)
  expect(await world.server.services.engine.leases.expire(10)).toEqual([])
})
