/** Who is connected to any node is known on every node; what is said to somebody finds them; what is garbage harms nobody. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { homeTenant, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { contextOf } from '../../packages/server/src/flows/context.ts'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { connectClient } from './clients/socketio.ts'

const app = defineApp({
  rooms: {
    lobby: { events: { said: z.string() }, access: 'tenant', publish: 'tenant' },
    'ward:{id}': { events: {}, access: 'tenant' },
  },
  socketio: { namespaces: { '/': {} } },
})

let redis: RedisServer
let one: World
let other: World

beforeAll(async () => {
  redis = await startRedis()
  const config = { redisUrl: redis.url }
  ;[one, other] = await Promise.all([startWorld({ app, config }), startWorld({ app, config })])
}, 30_000)
afterAll(async () => {
  await Promise.all([one?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()])
  await redis?.[Symbol.asyncDispose]()
})

/** What the application's own code has on that node. */
const contextOn = (node: World) => contextOf(node.server.services, { tenantId: homeTenant })

const soon = async (check: () => unknown): Promise<void> => {
  const until = Date.now() + 4_000
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

type Listed = {
  readonly sessions: readonly { readonly session: string; readonly userId: string; readonly rooms: string[] }[]
}

const asks = async (node: World, path: string, as = 'chief'): Promise<unknown> =>
  (await node.asks(path, { as, claims: { roles: ['admin'] } })).json()
const listed = async (node: World, query = '') => ((await asks(node, `/v1/sessions${query}`)) as Listed).sessions

test('every node lists and counts the sessions of all, each where it is now', async () => {
  const [ann, bob, again] = [await one.person('ann'), await other.person('bob'), await other.person('ann')]
  await ann.joins('lobby')
  await bob.joins('lobby')
  await bob.joins('ward:1')
  for (const node of [one, other]) {
    await soon(async () =>
      expect((await listed(node)).map(({ userId, rooms }) => [userId, ...rooms.toSorted()].join(' ')).sort()).toEqual([
        'ann',
        'ann lobby',
        'bob lobby ward:1',
      ]),
    )
    expect((await listed(node, '?userId=ann')).map(({ userId }) => userId)).toEqual(['ann', 'ann'])
    expect(await listed(node, '?limit=2')).toHaveLength(2)
    expect(await asks(node, '/v1/stats')).toEqual({
      sessions: 3,
      users: 2,
      rooms: 2,
      sessionsByRoom: { lobby: 2, 'ward:1': 1 },
      sessionsByUser: { ann: 2, bob: 1 },
    })
    expect(await contextOn(node).stats()).toMatchObject({ sessions: 3 })
  }
  await bob.leaves('ward:1')
  await again.goes()
  await soon(async () =>
    expect(await asks(one, '/v1/stats')).toMatchObject({ sessions: 2, sessionsByRoom: { lobby: 2 } }),
  )
  await ann.goes()
  await bob.drops()
  for (const node of [one, other]) await soon(async () => expect(await listed(node)).toEqual([]))
})

test('one session is ended from the node where it is not, the user’s others stay', async () => {
  const [there, stays] = [await other.person('ann'), await other.person('ann')]
  await soon(async () => expect(await listed(one)).toHaveLength(2))
  const gone = [...other.server.services.hub.sessions.values()][0]!
  const ended = await one.asks(`/v1/sessions/${gone.id}?userId=ann`, {
    method: 'DELETE',
    as: 'chief',
    claims: { roles: ['admin'] },
  })
  expect(ended.status).toBe(204)
  await there.closed
  await stays.joins('lobby')
  await soon(async () => expect(await listed(one)).toMatchObject([{ userId: 'ann', rooms: ['lobby'] }]))
  await stays.goes()
})

test('an emit finds Socket.IO clients on every node, whoever makes it', async () => {
  using near = await connectClient({ url: one.url, token: await one.token('ann') })
  using far = await connectClient({ url: other.url, token: await other.token('ann') })
  using stranger = await connectClient({ url: other.url, token: await other.token('bob') })
  for (let n = 0; n < 20; n++) {
    const from = n % 2 === 0 ? one : other
    contextOn(from).to({ userId: 'ann' }).emit('count', n)
  }
  for (const client of [near, far]) {
    await client.until('all counts', () => client.told('count').length >= 20)
    expect(client.told('count').toSorted((a, b) => Number(a) - Number(b))).toEqual([...Array(20).keys()])
  }
  expect(stranger.told('count')).toEqual([])
})

test('garbage on every shared name of Redis is counted, and whoever spoke before goes on', async () => {
  const [ann, bob] = [await one.person('ann'), await other.person('bob')]
  await ann.joins('lobby')
  await bob.joins('lobby')
  const names = (await redis.call('PUBSUB', 'SHARDCHANNELS')) as readonly string[]
  expect(names.length).toBeGreaterThan(3)
  const garbage = ['', '\u0000', '{', '{"v":9}', '1 ', '1e', 'x'.repeat(100_000), '{"__proto__":{"x":1}}', '[[[[[[[[']
  for (const name of names) for (const text of garbage) await redis.call('SPUBLISH', name, text)
  await ann.says('lobby', 'said', 'still here')
  for (const actor of [ann, bob]) expect(await actor.hears('said')).toMatchObject({ data: 'still here' })
  const refused = /^fanfare_node_messages_refused_total ([0-9]+)$/m.exec(await (await one.asks('/metrics')).text())
  expect(Number(refused?.[1])).toBeGreaterThan(garbage.length)
  for (const actor of [ann, bob]) await actor.goes()
}, 15_000)
