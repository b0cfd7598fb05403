/** One status for all devices of a user, over real sockets: on two nodes with Redis and PostgreSQL, and on one with a clock that is moved. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { RoomEvent, UserStatus } from '@fanfare/protocol'
import { type Actor, fakeClock, startWorld, type World } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { sharedPostgres } from '../../packages/server/src/store/postgres.world.ts'
import app from '../support/status-app.ts'

let redis: Awaited<ReturnType<typeof startRedis>>
let one: World
let other: World

beforeAll(async () => {
  redis = await startRedis()
  const databaseUrl = (await (await sharedPostgres()).database()).url
  const config = { redisUrl: redis.url, databaseUrl }
  one = await startWorld({ app, config })
  other = await startWorld({ app, config })
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})

const mayHear = (userId: string) => ({ grants: [`status:user:${userId}`] })
const command = (name: string, input: object) => ({ type: 'command', name, input: input as never }) as const

const sets = async (actor: Actor, status: object) =>
  (await actor.asks(command('status:set', status))) as unknown as UserStatus
const asksFor = async (actor: Actor, ...userIds: readonly string[]) =>
  (await actor.asks(command('status:get', { userIds }))) as unknown as readonly UserStatus[]
const hears = async (actor: Actor) => (await actor.hears('status.updated')).data as unknown as UserStatus
const told = (events: readonly RoomEvent[]) => events.map(({ data }) => (data as unknown as UserStatus).state)

test('whoever may is told on any node, with versions that rise; a snapshot and what follows fit together', async () => {
  const bob = await other.person('bob', mayHear('ann'))
  await bob.joins('status:ann')
  expect(await asksFor(bob, 'ann')).toEqual([{ userId: 'ann', state: 'offline', text: '', version: 0 }])
  const laptop = await one.person('ann')
  const online = await hears(bob)
  expect(online).toMatchObject({ userId: 'ann', state: 'online' })
  const phone = await other.person('ann')
  await phone.joins('status:ann')
  const busy = await sets(laptop, { state: 'busy', text: 'with a patient' })
  expect(await hears(bob)).toEqual({ ...busy, lastSeen: expect.any(String) })
  expect(await hears(phone)).toMatchObject({ state: 'busy', version: busy.version })
  expect(busy.version).toBeGreaterThan(online.version)
  expect(await asksFor(bob, 'ann')).toMatchObject([{ state: 'busy', version: busy.version }])
})

test('a reload, a device more and the same status again say nothing', async () => {
  const watcher = await one.person('watcher', mayHear('cara'))
  await watcher.joins('status:cara')
  const first = await other.person('cara')
  expect((await hears(watcher)).state).toBe('online')
  await first.drops()
  const again = await one.person('cara')
  const tablet = await other.person('cara')
  await sets(again, { state: 'online' })
  await tablet.goes()
  await sets(again, { text: 'here' })
  expect(await hears(watcher)).toMatchObject({ state: 'online', text: 'here' })
  expect(told(watcher.heard)).toEqual(['online', 'online'])
})

test('whoever was away hears what they missed, from their position', async () => {
  const dan = await one.person('dan')
  const watcher = await other.person('w2', mayHear('dan'))
  const { epoch } = await watcher.joins('status:dan')
  await sets(dan, { state: 'away' })
  const { offset } = (await watcher.hears('status.updated')) as RoomEvent
  const seen = Math.max(offset, watcher.heard.at(-1)?.offset ?? 0)
  await watcher.drops()
  await sets(dan, { state: 'busy' })
  await sets(dan, { state: 'in_call' })
  const back = await one.person('w2', mayHear('dan'))
  await back.joins('status:dan', { epoch, offset: seen })
  while (told(back.heard).at(-1) !== 'in_call') await back.hears('status.updated')
  expect(told(back.heard).slice(-2)).toEqual(['busy', 'in_call'])
})

test('a status is not for everybody: not the room, not its history, not the command, not another tenant', async () => {
  await one.person('fay')
  const eve = await other.person('eve')
  await expect(eve.joins('status:fay')).rejects.toMatchObject({ code: 'forbidden' })
  await expect(eve.reads('status:fay')).rejects.toMatchObject({ code: 'forbidden' })
  expect(await asksFor(eve, 'fay', 'eve')).toMatchObject([{ userId: 'eve' }])
  const elsewhere = await other.person('fay', { tenantId: 'elsewhere' })
  expect(await asksFor(elsewhere, 'fay')).toMatchObject([{ userId: 'fay' }])
  await elsewhere.joins('status:fay')
  await sets(await one.person('fay'), { state: 'busy' })
  await sets(elsewhere, { text: 'mine' })
  expect(await hears(elsewhere)).toMatchObject({ text: 'mine' })
  expect(new Set(elsewhere.heard.map(({ tenantId }) => tenantId))).toEqual(new Set(['elsewhere']))
})

test('who closes everything is offline after the time of grace, and was seen when they were last there', async () => {
  const clock = fakeClock(Date.now())
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1_000)
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await using world = await startWorld({ app, clock })
  await pass(21)
  const bob = await world.person('bob', mayHear('ann'))
  await bob.joins('status:ann')
  // Two who come in one moment are a crowd, which is held, and told, 50 ms later.
  await pass(1)
  const ann = await world.person('ann')
  expect((await hears(bob)).state).toBe('online')
  await sets(ann, { state: 'in_call' })
  expect((await hears(bob)).state).toBe('in_call')
  await pass(30)
  await ann.drops()
  const leftAt = clock.now()
  await pass(13)
  expect(told(bob.heard)).toEqual(['online', 'in_call'])
  await pass(14)
  const gone = await hears(bob)
  expect(gone.state).toBe('offline')
  expect(Math.abs(Date.parse(gone.lastSeen ?? '') - leftAt)).toBeLessThanOrEqual(6_000)
  await world.person('ann')
  expect(await hears(bob)).toMatchObject({ state: 'online' })
  await pass(60)
  expect(told(bob.heard)).toEqual(['online', 'in_call', 'offline', 'online'])
})
