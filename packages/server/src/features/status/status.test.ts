import { afterEach, beforeEach, expect, test } from 'bun:test'
import { FanfareError, type UserStatus } from '@fanfare/protocol'
import { deferred } from '../../lib/deferred.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import type { Store, TenantStore } from '../../store/store.ts'
import type { TestStore } from '../../store/store.world.ts'
import { hearStatuses, openNode, openStatusStore, type StatusNode, settled, tenantId } from './status.world.ts'
import { roundMs } from './statuses.ts'

let clock: FakeClock
let began: number
let store: TestStore
let node: StatusNode
let heard: UserStatus[]
let changes: number
/** Set: the store refuses every change. */
let isAway: boolean
/** What every change waits for. */
let gate: Promise<void>
const there = new Set<string>()

/** The store, as a node that counts its changes sees it, and that can be away. */
const watched = (inner: Store): Store => ({
  ...inner,
  of: (tenant): TenantStore => {
    const own = inner.of(tenant)
    return {
      ...own,
      change: async (work) => {
        if (isAway) throw new FanfareError('unavailable', 'The store is away.')
        changes++
        await gate
        return own.change(work)
      },
    }
  },
})

beforeEach(async () => {
  clock = fakeClock()
  began = clock.now()
  store = await openStatusStore(clock)
  heard = hearStatuses(store)
  changes = 0
  isAway = false
  gate = Promise.resolve()
  there.clear()
  node = await openNode({ clock, store: watched(store), directory: { online: () => there } })
})
afterEach(async () => {
  await node.stop()
  await store[Symbol.asyncDispose]()
})

const comes = async (...users: readonly string[]) => {
  for (const user of users) {
    there.add(user)
    node.api.came(user)
  }
  await settled()
}
const goes = (...users: readonly string[]) => {
  for (const user of users) there.delete(user)
}
/** As it is told: of a time that began when the test did. */
const ends = (user: string) => node.api.went(user, new Date(began).toISOString())
const stateOf = async (user: string) => (await node.api.get([user]))[0]?.state
const said = (user = 'ann') =>
  heard.filter(({ userId }) => userId === user).map(({ state, text }) => (text ? [state, text] : state))

test('whoever comes is online, once however many devices, and everybody who may is told', async () => {
  await comes('ann')
  await clock.advance(5_000)
  await comes('ann', 'ann')
  expect(said()).toEqual(['online'])
  const [ann] = await node.api.get(['ann'])
  expect(ann).toMatchObject({ userId: 'ann', state: 'online', text: '', lastSeen: new Date(clock.now()).toISOString() })
})

test('what is chosen is told with a higher version; what is the same is not told', async () => {
  await comes('ann')
  const busy = await node.api.set('ann', { state: 'busy', text: 'in theatre' })
  expect(await node.api.set('ann', { text: 'in theatre' })).toEqual({ ...busy })
  await node.api.set('ann', {})
  await node.api.set('ann', { state: 'online' })
  expect(said()).toEqual(['online', ['busy', 'in theatre'], ['online', 'in theatre']])
  const versions = heard.map(({ version }) => version)
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
})

test('whoever went is offline, seen when they were last there; who is still there elsewhere is not', async () => {
  await comes('ann', 'bob')
  await clock.advance(100_000)
  goes('ann')
  await clock.advance(20_000)
  await ends('ann')
  await ends('bob')
  const [ann, bob, eve] = await node.api.get(['ann', 'bob', 'eve'])
  expect(ann).toMatchObject({ state: 'offline', lastSeen: new Date(clock.now() - 20_000).toISOString() })
  expect(bob?.state).toBe('online')
  expect(eve).toEqual({ userId: 'eve', state: 'offline', text: '', version: 0 })
  expect(said()).toEqual(['online', 'offline'])
})

test('an invisible user is offline to everybody else, and comes and goes unseen', async () => {
  await comes('ann')
  const own = await node.api.set('ann', { state: 'offline' })
  expect(own).toMatchObject({ state: 'online', invisible: true })
  const hidden = await node.api.get(['ann'])
  expect(hidden).toMatchObject([{ state: 'offline', version: own.version }])
  await clock.advance(60_000)
  goes('ann')
  await ends('ann')
  await comes('ann')
  expect(await node.api.get(['ann'])).toEqual(hidden)
  expect(await node.api.get(['ann', 'bob'], { as: 'ann' })).toMatchObject([{ invisible: true }, { state: 'offline' }])
  expect(said()).toEqual(['online', 'offline'])
})

test.each([
  ['a state that is none', { state: 'asleep' }, 'status.state'],
  ['a long text', { text: 'x'.repeat(141) }, 'status.text'],
  ['more than a line', { text: 'a\nb' }, 'status.text'],
  ['half a character', { text: '\ud83d' }, 'status.text'],
  ['a member that is none', { mood: 'good' }, 'status'],
])('%s is refused', async (_, given, path) => {
  const refused = node.api.set('ann', given as object)
  await expect(refused).rejects.toMatchObject({ code: 'invalid_payload', message: expect.stringContaining(path) })
  expect(heard).toEqual([])
})

test('140 characters of any script are a text, and so is what looks like HTML', async () => {
  await comes('ann')
  const text = '💐'.repeat(140)
  expect(await node.api.set('ann', { text })).toMatchObject({ text })
  expect(await node.api.set('ann', { text: '<b>"&' })).toMatchObject({ text: '<b>"&' })
})

test('a thousand users are answered in the order asked, and one more is refused', async () => {
  await comes('user7')
  const users = Array.from({ length: 1_000 }, (_, index) => `user${index}`)
  const answered = await node.api.get(users)
  expect(answered.map(({ userId }) => userId)).toEqual(users)
  expect(answered[7]?.state).toBe('online')
  await expect(node.api.get([...users, 'x'])).rejects.toMatchObject({ code: 'invalid_payload' })
  expect(await node.api.get([])).toEqual([])
})

test('a user whose id no room name can hold is written down all the same, and harms nobody', async () => {
  const long = '|'.repeat(100)
  await comes(long, 'ann')
  expect(await stateOf(long)).toBe('online')
  expect(heard.map(({ userId }) => userId)).toEqual(['ann'])
})

test('ten thousand who come at once are a few dozen changes', async () => {
  await comes(...Array.from({ length: 10_000 }, (_, index) => `user${index}`))
  while (heard.length < 10_000) await settled(1)
  expect(changes).toBeLessThanOrEqual(51)
})

test('what came while the store was away is written when it is back, if it is still there', async () => {
  isAway = true
  await comes('ann', 'bob')
  await clock.advance(10_000)
  await comes('eve')
  goes('bob')
  isAway = false
  await clock.advance(40_000)
  await settled()
  expect(await stateOf('ann')).toBe('online')
  expect(await stateOf('eve')).toBe('online')
  expect(await stateOf('bob')).toBe('offline')
  expect(said('bob')).toEqual([])
})

test('who comes again while the first time is being written is written with the later', async () => {
  const slow = deferred()
  gate = slow.promise
  await comes('ann')
  await clock.advance(4_000)
  await comes('ann')
  slow.resolve()
  await settled()
  const rows = await store.of(tenantId).read((read) => read.selectFrom('user_status').select('connected_at').execute())
  expect(rows).toEqual([{ connected_at: clock.now() }])
})

test('while the store is away whoever asks is told, and an end is told again by whoever told it', async () => {
  await comes('ann')
  await clock.advance(60_000)
  isAway = true
  goes('ann')
  await expect(node.api.set('ann', { state: 'busy' })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(ends('ann')).rejects.toMatchObject({ code: 'unavailable' })
})

test('a user of whose end nobody was told is found, but not within the time of grace', async () => {
  await comes('ann', 'bob')
  await clock.advance(30_000)
  await clock.advance(roundMs - 35_000)
  goes('ann')
  await clock.advance(6_000)
  await settled()
  await clock.advance(15_000)
  await settled()
  expect(said()).toEqual(['online'])
  await clock.advance(6_000)
  await settled()
  expect(said()).toEqual(['online', 'offline'])
  expect(said('bob')).toEqual(['online'])
})

test('a user who came back between two looks is not taken for gone', async () => {
  await comes('ann')
  await clock.advance(240_000)
  goes('ann')
  await clock.advance(60_000)
  await settled()
  await comes('ann')
  await clock.advance(5_000)
  goes('ann')
  await clock.advance(26_000)
  await settled()
  expect(said()).toEqual(['online'])
})

test('a user who is there and was taken for gone is found again', async () => {
  await comes('ann', 'bob')
  await clock.advance(60_000)
  goes('ann')
  await ends('ann')
  there.add('ann')
  await clock.advance(roundMs + 60_000)
  await settled()
  expect(said()).toEqual(['online', 'offline', 'online'])
})

test('tenants in which nobody is there any more are asked after no more', async () => {
  await comes('ann')
  await clock.advance(60_000)
  goes('ann')
  await ends('ann')
  await clock.advance(roundMs + 60_000)
  await settled()
  const left = await store.of(tenantId).read((rows) => rows.selectFrom('status_round').selectAll().execute())
  expect(left).toEqual([])
  await comes('ann')
  expect(await stateOf('ann')).toBe('online')
})

test('of however many tenants that are due, none waits for another round', async () => {
  const many = Array.from({ length: 50 }, (_, index) => store.of(`tenant-${index}`))
  for (const one of many)
    await one.change(({ rows }) => rows.insertInto('status_round').values({ due_at: 0 }).execute())
  await clock.advance(60_000)
  await settled(2_000)
  const left = await store.tenantsDue({ table: 'status_round', column: 'due_at', atMost: roundMs, limit: 100 })
  expect(left).toEqual([])
})
