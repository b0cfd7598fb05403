/** Two nodes on one Redis are one server: whatever is said, kept or decided on one holds on the other, with no stickiness. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, defineApp, socketHandler, systemClock } from '@fanfare/server'
import { homeTenant, meaningOf, refusal, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { createHospital } from '../../examples/hospital/app.ts'
import { run } from '../../packages/server/src/cli/program.ts'
import { fakeTerminal } from '../../packages/server/src/cli/terminal.fake.ts'
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { startSentinels } from '../../packages/server/src/redis/sentinel.world.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { TextStream } from '../support/stream.ts'
import { connectClient } from './clients/socketio.ts'

const Counted = z.object({ n: z.number().int() })

/** How often the command was really run, on whichever node: both are in this process. */
let runs = 0

const app = defineApp({
  rooms: {
    'ward:{ward}': {
      events: { counted: Counted },
      log: { keep: 1_000, for: '1h', durable: true },
      access: 'tenant',
      publish: 'tenant',
      presence: { grace: '5s' },
    },
    'patient:{patientId}': {
      events: { counted: Counted },
      access: ({ user, params }) => user.may('read', 'patient', params.patientId),
      publish: 'tenant',
    },
  },
  commands: {
    'count:up': command(z.object({ ward: z.string() }), async (context, { ward }) => {
      runs++
      const n = await context.cache.increment(`ward:${ward}`)
      await context.publish(`ward:${ward}`, 'counted', { n })
      return { n }
    }),
  },
  socketio: {
    namespaces: { '/': { on: { join: socketHandler(z.tuple([z.string()]), (socket, room) => socket.join(room)) } } },
  },
})

/** Where the tests that come next have their nodes. */
let redisUrl: string
let one: World
let other: World

const disks = mkdtempSync(join(tmpdir(), 'fanfare-disks-'))
const startNode = (name: string) => startWorld({ app, config: { redisUrl, dataFolder: join(disks, name) } })

const asKey = (key: string) => ({ headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' } })

const fanfare = async (...words: readonly string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-two-'))
  const world = fakeTerminal({ folder, environment: { REDIS_URL: redisUrl } })
  expect(await run(words, { ...world.terminal, clock: systemClock }, '1.0.0')).toBe(0)
  expect(readdirSync(folder)).toEqual([])
  return world.lines
}

const until = async (holds: () => Promise<boolean>, timeoutMs: number): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`It did not come to hold in ${timeoutMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

type Kind = {
  readonly name: string
  readonly masters: number
  readonly start: () => Promise<AsyncDisposable & { readonly url: string }>
}

const kinds: readonly Kind[] = [
  { name: 'one Redis', masters: 1, start: startRedis },
  { name: 'a Redis that Sentinels watch', masters: 1, start: startSentinels },
  { name: 'a Redis Cluster of three', masters: 3, start: startCluster },
]

for (const { name, masters, start } of kinds) {
  describe(`two nodes on ${name}`, () => {
    let redis: Awaited<ReturnType<typeof start>>
    beforeAll(async () => {
      redis = await start()
      redisUrl = redis.url
      ;[one, other] = await Promise.all([startNode('one'), startNode('other')])
    }, 30_000)
    afterAll(async () => {
      await Promise.all([one?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()])
      await redis?.[Symbol.asyncDispose]()
    })

    test('what is said on either node is heard on both, by every kind of client, in one order', async () => {
      const room = 'ward:order'
      const [ann, bob] = [await one.person('ann'), await other.person('bob')]
      await ann.joins(room)
      await bob.joins(room)
      const authorization = `Bearer ${await one.token('eve')}`
      await using stream = await TextStream.open(new URL(`/v1/stream?room=${room}`, other.url), { authorization })
      await stream.until(({ text }) => text.includes('subscription'))
      using stock = await connectClient({ url: other.url, token: await one.token('max') })
      await stock.asks('join', room)
      const told = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? ann : bob).says(room, 'counted', { n })),
      )
      expect(told.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(told.map((_, index) => index + 1))
      expect(new Set(told.map(({ durability }) => durability))).toEqual(new Set(['broker']))
      await stream.until(({ events }) => events.length >= 40)
      await stock.until('all events', () => stock.told('counted').length >= 40)
      const order = [...told.keys()].sort((a, b) => told[a]!.offset - told[b]!.offset)
      for (let n = 0; n < 40; n++) {
        await ann.hears('counted')
        await bob.hears('counted')
      }
      for (const actor of [ann, bob]) expect(actor.heard.map(({ data }) => (data as { n: number }).n)).toEqual(order)
      expect(stream.events.map(({ data }) => (data as unknown as { data: { n: number } }).data.n)).toEqual(order)
      expect(stock.told('counted').map((data) => (data as { n: number }).n)).toEqual(order)
      for (const actor of [ann, bob]) await actor.goes()
    })

    test('who was on one node goes on where they were, on the other', async () => {
      const room = 'ward:resume'
      const [ann, bob] = [await one.person('ann'), await other.person('bob')]
      const { epoch } = await ann.joins(room)
      await bob.says(room, 'counted', { n: 1 })
      const heard = await ann.hears('counted')
      await ann.drops()
      for (const n of [2, 3, 4]) await bob.says(room, 'counted', { n })
      const again = await other.person('ann')
      const back = await again.joins(room, { epoch, offset: heard.offset })
      expect(back.recovered).toBe(true)
      for (const n of [2, 3, 4]) expect((await again.hears('counted')).data).toEqual({ n })
      expect((await again.reads(room)).events).toHaveLength(4)
      for (const actor of [again, bob]) await actor.goes()
    })

    test('presence is of all nodes, and so are the lists of sessions', async () => {
      const room = 'ward:presence'
      const [ann, phone, desk] = [await one.person('ann'), await one.person('bob'), await other.person('bob')]
      for (const actor of [ann, phone, desk]) await actor.joins(room)
      await desk.asks({ type: 'presence', room, state: { at: 'desk' } })
      expect(await ann.sees('presence')).toMatchObject({ change: 'join', member: { userId: 'bob' } })
      await phone.asks({ type: 'presence', room, state: { at: 'phone' } })
      expect(await ann.sees('presence')).toMatchObject({ change: 'update', member: { state: { at: 'phone' } } })
      expect(await ann.asks({ type: 'presence', room })).toMatchObject({ members: [{ userId: 'bob' }] })
      const [key = ''] = await fanfare('key', 'create', '--tenant', homeTenant, '--name', 'ops', '--scope', 'admin')
      for (const node of [one, other]) {
        await until(async () => {
          const answer = await node.asks('/v1/sessions', asKey(key))
          const { sessions } = (await answer.json()) as { sessions: { userId: string; rooms: string[] }[] }
          const here = sessions.filter(({ rooms }) => rooms.includes(room)).map(({ userId }) => userId)
          return here.sort().join() === 'ann,bob,bob'
        }, 3_000)
      }
      await desk.goes()
      await phone.goes()
      expect(await ann.sees('presence')).toMatchObject({ change: 'leave', member: { userId: 'bob' } })
      await ann.goes()
    })

    test('a right that is revoked and a user who is sent away on one node are gone from the other within a second', async () => {
      const room = 'patient:42'
      const ann = await other.person('ann', { grants: ['read:patient:*'] })
      const bob = await other.person('bob')
      await ann.joins(room)
      const [key = ''] = await fanfare('key', 'create', '--tenant', homeTenant, '--name', 'admin', '--scope', 'admin')
      const began = Date.now()
      const revoked = await one.asks('/v1/users/ann/grants', {
        method: 'DELETE',
        body: JSON.stringify({ grants: ['read:patient:42'] }),
        ...asKey(key),
      })
      expect(revoked.status).toBeLessThan(300)
      expect(await ann.sees('subscription')).toMatchObject({ room, status: 'unsubscribed', reason: 'revoked' })
      expect(await refusal(ann.joins(room))).toMatchObject({ code: 'forbidden' })
      const kicked = await one.asks('/v1/users/bob/sessions', { method: 'DELETE', ...asKey(key) })
      expect(kicked.status).toBeLessThan(300)
      expect(meaningOf(await bob.closed)).toBe('disconnected')
      expect(Date.now() - began).toBeLessThan(1_000)
      await ann.goes()
    })

    test('a ticket made on one node opens one link on the other', async () => {
      const answer = await one.asks('/v1/tickets', { method: 'POST', as: 'ann' })
      const { ticket } = (await answer.json()) as { ticket: string }
      const guest = await other.open('guest', { path: `/v1/websocket?ticket=${ticket}` })
      expect(await guest.sees('connected')).toMatchObject({ userId: 'ann' })
      const thief = await one.open('thief', { path: `/v1/websocket?ticket=${ticket}` })
      expect(await thief.sees('error')).toMatchObject({ code: 'unauthenticated' })
      await guest.goes()
    })

    test('an API key made by the command is in force on both nodes until it is revoked', async () => {
      const [key = ''] = await fanfare(
        'key',
        'create',
        '--tenant',
        homeTenant,
        '--name',
        'gateway',
        '--scope',
        'publish',
      )
      const publish = (node: World) =>
        node.asks('/v1/rooms/ward:key/events', {
          method: 'POST',
          body: JSON.stringify({ event: 'counted', data: { n: 1 } }),
          ...asKey(key),
        })
      for (const node of [one, other]) expect((await publish(node)).status).toBe(201)
      await fanfare('key', 'revoke', key.split('_')[1] ?? '', '--tenant', homeTenant)
      for (const node of [one, other]) expect((await publish(node)).status).toBe(401)
    })

    test('a token of the command, signed with the secret that the nodes share, is taken by both', async () => {
      const [token = ''] = await fanfare('token', '--tenant', homeTenant, '--user', 'ann')
      for (const node of [one, other]) {
        const actor = await node.open('ann', { token })
        expect(await actor.sees('connected')).toMatchObject({ userId: 'ann' })
        await actor.goes()
      }
    })

    test('what is published or asked for again on the other node has one effect', async () => {
      const room = 'ward:again'
      const [ann, again] = [await one.person('ann'), await other.person('ann')]
      await ann.joins(room)
      const first = await ann.says(room, 'counted', { n: 1 }, 'k1')
      expect(await again.says(room, 'counted', { n: 1 }, 'k1')).toEqual({ ...first, duplicate: true })
      const before = runs
      const ask = { type: 'command', name: 'count:up', input: { ward: 'again' }, key: 'c1' } as const
      const answers = await Promise.all([ann.asks(ask), again.asks(ask), again.asks(ask)])
      expect(answers).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }])
      expect(await again.asks({ ...ask, key: 'c2' })).toEqual({ n: 2 })
      expect(runs - before).toBe(2)
      expect((await again.reads(room)).events.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 1 }, { n: 2 }])
      for (const actor of [ann, again]) await actor.goes()
    })

    test('both are ready, say where they stand in their metrics, and keep nothing on their disks', async () => {
      for (const node of [one, other]) {
        expect((await node.asks('/ready')).status).toBe(200)
        const metrics = await (await node.asks('/metrics')).text()
        expect(metrics).toMatch(new RegExp(`^fanfare_redis_masters ${masters}$`, 'm'))
        expect(metrics).toMatch(new RegExp(`^fanfare_redis_masters_healthy ${masters}$`, 'm'))
        expect(node.server.services.engine.name).toBe('redis')
      }
      expect(readdirSync(disks)).toEqual([])
      expect(one.server.services.engine.node).not.toBe(other.server.services.engine.node)
    })
  })
}

test('while Redis is away the nodes stay up and say so; when it is back, all goes on', async () => {
  await using server = await startRedis({
    directives: [
      ['appendonly', 'yes'],
      ['appendfsync', 'always'],
    ],
  })
  await using node = await startWorld({ app, config: { redisUrl: server.url } })
  const ann = await node.person('ann')
  await ann.joins('ward:away')
  await ann.says('ward:away', 'counted', { n: 1 })
  await ann.hears('counted')
  await server.kill()
  const began = Date.now()
  expect(await refusal(ann.says('ward:away', 'counted', { n: 2 }))).toMatchObject({
    code: 'unavailable',
    retry: 'later',
  })
  expect(Date.now() - began).toBeLessThan(3_500)
  expect((await node.asks('/health')).status).toBe(200)
  await until(async () => (await node.asks('/ready')).status === 503, 15_000)
  await server.restart()
  await until(async () => (await node.asks('/ready')).status === 200, 15_000)
  await ann.says('ward:away', 'counted', { n: 3 })
  expect((await ann.hears('counted')).data).toEqual({ n: 3 })
}, 45_000)

test('the hospital on two nodes: a sign-in on one is heard on the other, and its counters are one', async () => {
  await using redis = await startRedis()
  await using north = await startWorld({
    app: createHospital(),
    config: { redisUrl: redis.url },
  })
  await using south = await startWorld({
    app: createHospital(),
    config: { redisUrl: redis.url },
  })
  const signIn = async (node: World, password: string) => {
    const response = await fetch(`${node.url}/api/auth/signin`, {
      method: 'POST',
      body: JSON.stringify({ email: 'ada@north.example', password }),
      headers: { 'content-type': 'application/json' },
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const nurse = await south.person('9', { tenantId: 'tenant_north' })
  await nurse.joins('events')
  expect((await signIn(north, 'north-demo-1')).body).toMatchObject({ logins: 1 })
  expect((await nurse.hears('user.login')).data).toMatchObject({ data: { email: 'ada@north.example' } })
  const second = (await signIn(south, 'north-demo-1')).body
  expect(second.logins).toBe(2)
  expect(second.last_login).toBeString()
  for (let tries = 0; tries < 5; tries++) {
    expect((await signIn(tries % 2 === 0 ? north : south, 'guess')).status).toBe(401)
  }
  for (const node of [north, south]) expect((await signIn(node, 'north-demo-1')).status).toBe(429)
})
