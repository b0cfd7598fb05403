/** Users of whom nobody asks: they cost no write while they are there, and whoever asks is answered as if they had. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { FanfareError, type UserStatus } from '@fanfare/protocol'
import { deferred } from '../../lib/deferred.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import type { Store, TenantStore } from '../../store/store.ts'
import type { TestStore } from '../../store/store.world.ts'
import { hearStatuses, openNode, openStatusStore, type StatusNode, settled, tenantId } from './status.world.ts'
import { roundMs } from './statuses.ts'

let clock: FakeClock
let store: TestStore
let node: StatusNode
let heard: UserStatus[]
let changes: number
const there = new Set<string>()
/** As the engine has it: by it a user is online for the time of grace after their last session, too. */
const held = new Map<string, number>()
/** The engine cannot be asked. */
let away: boolean
/** Nor does the store answer until then. */
let storeBack: Promise<void>

const counted = (inner: Store): Store => ({
  ...inner,
  of: (tenant): TenantStore => {
    const own = inner.of(tenant)
    const change: TenantStore['change'] = (work) => {
      changes++
      return own.change(work)
    }
    const read: TenantStore['read'] = async (work) => {
      await storeBack
      return own.read(work)
    }
    return { ...own, change, read }
  },
})

beforeEach(async () => {
  clock = fakeClock()
  store = await openStatusStore(clock)
  heard = hearStatuses(store)
  changes = 0
  there.clear()
  held.clear()
  away = false
  storeBack = Promise.resolve()
  const heldSince = async (users: readonly string[]) => {
    if (away) throw new FanfareError('unavailable', 'The engine is away.')
    return new Map([...held].filter(([user]) => users.includes(user)))
  }
  const directory = { online: () => there, heldSince }
  node = await openNode({ clock, store: counted(store), directory, told: 'what is watched' })
})
afterEach(async () => {
  await node.stop()
  await store[Symbol.asyncDispose]()
})

const comes = async (user: string) => {
  there.add(user)
  if (!held.has(user)) held.set(user, clock.now())
  node.api.came(user)
  await settled()
}
/** The last session ends; 20 s later that is told. */
const goes = async (user: string) => {
  there.delete(user)
  await clock.advance(20_000)
  const since = held.get(user) ?? 0
  held.delete(user)
  await node.api.went(user, new Date(since).toISOString())
}
const statusOf = async (user: string) => (await node.api.get([user]))[0]!
const said = () => heard.map(({ userId, state }) => `${userId} ${state}`)

test('coming is written nowhere, and whoever asks is answered that they are there, with one version until they go', async () => {
  await comes('ann')
  const online = await statusOf('ann')
  expect(online).toMatchObject({ state: 'online', text: '', lastSeen: new Date(clock.now()).toISOString() })
  await clock.advance(5_000)
  await comes('ann')
  expect(await statusOf('ann')).toMatchObject({ state: 'online', version: online.version })
  expect([changes, said()]).toEqual([0, []])
})

test('who went was seen when they were last there; versions rise with every coming and going, also once they are told', async () => {
  const versions: number[] = []
  for (let round = 0; round < 3; round++) {
    if (round === 2) await node.api.watched('ann')
    await comes('ann')
    versions.push((await statusOf('ann')).version)
    await clock.advance(60_000)
    const leftAt = clock.now()
    await goes('ann')
    const gone = await statusOf('ann')
    expect(gone).toMatchObject({ state: 'offline', lastSeen: new Date(leftAt).toISOString() })
    versions.push(gone.version)
  }
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  expect(said()).toEqual(['ann online', 'ann offline'])
})

test('a user is online for the time of grace after their last session', async () => {
  await comes('ann')
  there.delete('ann')
  await clock.advance(14_000)
  expect((await statusOf('ann')).state).toBe('online')
})

test('who watches is told from then on, of a user who was away and of one who is there, with the version that they were answered', async () => {
  await comes('bob')
  const { version } = await statusOf('bob')
  await node.api.watched('ann')
  await node.api.watched('bob')
  expect(await statusOf('bob')).toMatchObject({ state: 'online', version })
  await clock.advance(30_000)
  await comes('ann')
  await goes('bob')
  expect(said()).toEqual(['bob online', 'ann online', 'bob offline'])
  expect(heard[0]?.version).toBe(version)
})

test('who watches what is told already writes nothing', async () => {
  await node.api.watched('ann')
  const before = changes
  await node.api.watched('ann')
  expect(changes).toBe(before)
})

test('a crowd that begins to watch somebody at once costs what one of them does', async () => {
  await comes('ann')
  await Promise.all(Array.from({ length: 500 }, () => node.api.watched('ann')))
  await clock.advance(5_000)
  await settled()
  expect(changes).toBe(2)
  expect(said()).toEqual(['ann online'])
})

test('whoever watches is weighed again without the store, which is asked all the same', async () => {
  await node.api.watched('ann')
  const gate = deferred()
  storeBack = gate.promise
  await node.api.watched('ann')
  gate.resolve()
  // As after the tenant was erased.
  await store.of(tenantId).change(({ rows }) => rows.deleteFrom('user_status').execute())
  await node.api.watched('ann')
  await settled()
  await comes('ann')
  expect(said()).toEqual(['ann online'])
})

test('what a user chooses is told, and that they are there with it', async () => {
  await comes('ann')
  expect(await node.api.set('ann', { state: 'busy' })).toMatchObject({ state: 'busy' })
  expect(await statusOf('ann')).toMatchObject({ state: 'busy' })
  expect(said()).toEqual(['ann online', 'ann busy'])
})

test('who is there when somebody begins to watch is shown as there, also where the first try failed', async () => {
  await comes('ann')
  away = true
  await expect(node.api.watched('ann')).rejects.toMatchObject({ code: 'unavailable' })
  away = false
  await node.api.watched('ann')
  expect(await statusOf('ann')).toMatchObject({ state: 'online' })
  expect(said()).toEqual(['ann online'])
})

test('a user who could not be held when they came is found, though a while later', async () => {
  there.add('ann')
  node.api.came('ann')
  await settled()
  await node.api.watched('ann')
  expect((await statusOf('ann')).state).toBe('offline')
  held.set('ann', clock.now())
  await clock.advance(5_000)
  await settled()
  expect(said()).toEqual(['ann online'])
})

test('a user whose end is told in the moment that somebody begins to watch does not stay online', async () => {
  await comes('ann')
  await clock.advance(60_000)
  there.delete('ann')
  await node.api.watched('ann')
  held.delete('ann')
  await clock.advance(5_000)
  await settled()
  await clock.advance(22_000)
  await settled()
  expect((await statusOf('ann')).state).toBe('offline')
  expect(said()).toEqual(['ann online', 'ann offline'])
})

test('a round tells of those who are watched and there, and of nobody else', async () => {
  await node.api.watched('ann')
  await clock.advance(10_000)
  for (const user of ['ann', 'bob']) {
    there.add(user)
    held.set(user, clock.now())
  }
  await clock.advance(roundMs + 60_000)
  await settled()
  expect(said()).toEqual(['ann online'])
  const rows = await store.of(tenantId).read((read) => read.selectFrom('user_status').select('user_id').execute())
  expect(rows).toEqual([{ user_id: 'ann' }])
})
