/** Commands, rules and routes, as users and servers of a tenant meet them. */
import { expect, test } from 'bun:test'
import type { UserStatus } from '@fanfare/protocol'
import { openFeature } from '../feature.world.ts'
import { status } from './status.ts'
import type { StatusOptions } from './status-api.ts'

const open = (options: StatusOptions = {}) => openFeature(status, { options })

const get = (userIds: readonly string[]) => ['status:get', { userIds }] as const

test('a user hears and asks of themselves and of those whom a grant names, and of nobody else', async () => {
  await using world = await open()
  const ann = await world.person('ann', { grants: ['status:user:bob'] }).connects()
  await world.person('bob').connects()
  await world.person('eve').connects()
  await world.settled()
  const may = await Promise.all(['ann', 'bob', 'eve'].map((user) => ann.may('subscribe', `status:${user}`)))
  expect(may).toEqual([true, true, false])
  const found = await ann.says<UserStatus[]>(...get(['eve', 'bob', 'ann', 'nobody']))
  expect(found.map(({ userId, state }) => [userId, state])).toEqual([
    ['bob', 'online'],
    ['ann', 'online'],
  ])
})

test('an application may decide by a rule of its own whose status a user sees; their own always', async () => {
  await using world = await open({ access: async ({ user, userId }) => user.is('nurse') && userId.startsWith('dr-') })
  const nurse = world.person('nora', { roles: ['nurse'] })
  expect(await nurse.may('subscribe', 'status:dr-lee')).toBe(true)
  expect(await nurse.may('subscribe', 'status:ann')).toBe(false)
  expect(await nurse.may('subscribe', 'status:nora')).toBe(true)
  expect(await nurse.says<UserStatus[]>(...get(['dr-lee', 'ann', 'nora']))).toMatchObject([
    { userId: 'dr-lee' },
    { userId: 'nora' },
  ])
})

test('what a user sets is theirs, is told in their room and holds on every device', async () => {
  await using world = await open()
  const ann = await world.person('ann').connects()
  const phone = await world.person('ann').connects()
  await world.settled()
  const set = await ann.says<UserStatus>('status:set', { state: 'in_call', text: 'with bob' })
  expect(set).toMatchObject({ userId: 'ann', state: 'in_call', text: 'with bob' })
  expect(await phone.says<UserStatus[]>(...get(['ann']))).toMatchObject([{ state: 'in_call', version: set.version }])
  const heard = world.heard('status:ann')
  expect(heard.map(({ type, offset }) => [type, offset])).toEqual([
    ['status.updated', 1],
    ['status.updated', 2],
  ])
  expect(heard.at(-1)?.data).toMatchObject({ state: 'in_call', version: set.version })
  expect(world.heard('status:ann', 'other')).toEqual([])
})

test('nobody else publishes in the room of a status, and another tenant sees nothing of it', async () => {
  await using world = await open()
  const ann = await world.person('ann').connects()
  await ann.says('status:set', { state: 'busy' })
  const forged = { userId: 'ann', state: 'online', text: '', version: 9 }
  await expect(ann.publishes('status:ann', 'status.updated', forged)).rejects.toMatchObject({ code: 'forbidden' })
  const twin = world.person('ann', { tenantId: 'other' })
  expect(await twin.says<UserStatus[]>(...get(['ann']))).toEqual([
    { userId: 'ann', state: 'offline', text: '', version: 0 },
  ])
})

test.each([
  ['nobody', []],
  ['too many', Array.from({ length: 1_001 }, (_, index) => `u${index}`)],
  ['what is no name', [7]],
])('asking for %s is refused', async (_, userIds) => {
  await using world = await open()
  const asked = world.person('ann').says('status:get', { userIds })
  await expect(asked).rejects.toMatchObject({ code: 'invalid_payload' })
})

test('the end of the last session makes a user offline, and away passes with it', async () => {
  await using world = await open()
  const ann = await world.person('ann').connects()
  await world.settled()
  await ann.says('status:set', { state: 'away', text: 'lunch' })
  ann.goes()
  await world.clock.advance(90_000)
  await world.offline('ann')
  await world.person('ann').connects()
  while (world.heard('status:ann').length < 4) await world.settled()
  const states = world.heard('status:ann').map(({ data }) => (data as unknown as UserStatus).state)
  expect(states).toEqual(['online', 'away', 'offline', 'online'])
})

test('a server with a key that may read asks over HTTP, as others see it', async () => {
  await using world = await open()
  const ann = await world.person('ann').connects()
  await ann.says('status:set', { state: 'offline' })
  const answer = await world.asks('GET /v1/users/ann/status', { scopes: ['read'] })
  expect(answer.status).toBe(200)
  const told = await answer.json()
  expect(told).toMatchObject({ userId: 'ann', state: 'offline', lastSeen: expect.any(String) })
  expect(told).not.toHaveProperty('invisible')
  expect((await world.asks('GET /v1/users/ann/status', { scopes: ['publish'] })).status).toBe(403)
  expect((await ann.asks('GET /v1/users/ann/status')).status).toBe(403)
})

test('wrong options are told when the application is defined', async () => {
  await expect(open({ access: 'all' as never })).rejects.toThrow(/access: give a function/)
  await expect(open({ textLength: -1 })).rejects.toThrow(/textLength/)
})
