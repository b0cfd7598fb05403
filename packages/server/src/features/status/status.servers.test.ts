/** Statuses of several nodes on one PostgreSQL, with their holds in one Redis: what fakes cannot show. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { StatusState, UserStatus } from '@fanfare/protocol'
import { eventually } from '../../engine/node.world.ts'
import { ControlWorld } from '../../engine/redis/control.world.ts'
import { LifecycleNode } from '../../flows/lifecycle.world.ts'
import { fakeClock } from '../../lib/fake-clock.ts'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import { sharedPostgres } from '../../store/postgres.world.ts'
import { openTestStore, type TestStore } from '../../store/store.world.ts'
import { hearStatuses, openNode, tenantId } from './status.world.ts'
import { statusBatches } from './statuses.ts'
import { statusSchema } from './tables.ts'

let redis: RedisServer
let url: string
beforeAll(async () => {
  redis = await startRedis()
  url = (await (await sharedPostgres()).database()).url
})
afterAll(() => redis[Symbol.asyncDispose]())

const openStore = (): Promise<TestStore> => openTestStore({ schemas: [statusSchema], url, clock: fakeClock() })

test('two nodes that change the same users at once lose no change, and versions rise by one event each', async () => {
  await using one = await openStore()
  await using other = await openStore()
  const nodes = [one, other].map((store) => statusBatches(store, { most: 7 }))
  const states: readonly StatusState[] = ['online', 'busy', 'away']
  const users = Array.from({ length: 10 }, (_, index) => `u${index}`)
  const changes = Array.from({ length: 400 }, (_, index) => {
    const userId = users[(index * 7) % users.length]!
    const status = { state: states[index % 3]!, text: `${index}` }
    const change = index < 20 ? ({ kind: 'came', at: index } as const) : ({ kind: 'chose', at: 1, status } as const)
    return nodes[index % 2]!.add('race', { userId, change })
  })
  const rows = await Promise.all(changes)
  for (const userId of users) {
    const journal = await one
      .of('race')
      .read((read) =>
        read.selectFrom('journal').select('data').where('room', '=', `status:${userId}`).orderBy('offset').execute(),
      )
    const told = journal.map(({ data }) => JSON.parse(data ?? '') as UserStatus)
    const versions = told.map(({ version }) => version)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
    const last = rows
      .filter((row) => row.userId === userId)
      .sort((a, b) => a.version - b.version)
      .at(-1)
    expect(told.at(-1)).toMatchObject({ version: last!.version, text: last!.text, state: last!.chosen })
  }
})

test('users of a killed node are told offline once, by whichever node; who is elsewhere too or comes back is not', async () => {
  await using world = new ControlWorld(redis)
  const { url: own } = await (await sharedPostgres()).database()
  await using store = await openTestStore({ schemas: [statusSchema], url: own, clock: world.clock })
  const heard = hearStatuses(store)
  const seats = await Promise.all(
    ['a', 'b', 'c'].map(async () => {
      const { engine, kill } = await world.node()
      await engine.leases.start()
      const online = () => seats.flatMap(({ lifecycle }) => [...lifecycle.users])
      const node = await openNode({ clock: world.clock, store, directory: { online } })
      const lifecycle = new LifecycleNode({
        clock: world.clock,
        leases: engine.leases,
        handlers: { 'user.offline': (_context, { userId, since }) => node.api.went(userId, since) },
      })
      const stop = await lifecycle.lifecycle.start()
      const comes = (userId: string) => {
        lifecycle.comes(userId)
        node.api.came(userId)
      }
      return { node, lifecycle, kill, stop, comes }
    }),
  )
  const [a, b, c] = [seats[0]!, seats[1]!, seats[2]!]
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await world.clock.advance(1_000)
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  }
  await pass(21)
  const states = async () => (await c.node.api.get(['ann', 'bob', 'eve'])).map(({ state }) => state)
  for (const user of ['ann', 'bob', 'eve']) a.comes(user)
  b.comes('bob')
  await eventually(async () => expect(await states()).toEqual(['online', 'online', 'online']))
  await pass(5)
  await a.kill()
  a.lifecycle.users.clear()
  await pass(10)
  c.comes('eve')
  await pass(20)
  await eventually(async () => expect(await states()).toEqual(['offline', 'online', 'online']))
  await pass(70)
  const offline = heard.filter(({ state }) => state === 'offline').map(({ userId }) => userId)
  expect(offline).toEqual(['ann'])
  await Promise.all(seats.flatMap(({ node, stop }) => [stop(), node.stop()]))
})

test('three thousand who come at once are written within seconds', async () => {
  await using store = await openStore()
  const batches = statusBatches(store)
  const users = Array.from({ length: 3_000 }, (_, index) => `storm${index}`)
  const began = performance.now()
  await Promise.all(users.map((userId) => batches.add(tenantId, { userId, change: { kind: 'came', at: 1_000 } })))
  expect(performance.now() - began).toBeLessThan(10_000)
  const { count } = await store.of(tenantId).read((rows) =>
    rows
      .selectFrom('user_status')
      .select((query) => query.fn.countAll().as('count'))
      .where('connected', '=', 1)
      .where('user_id', 'like', 'storm%')
      .executeTakeFirstOrThrow(),
  )
  expect(Number(count)).toBe(3_000)
})
