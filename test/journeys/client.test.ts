/** The typed client against a real server: what its README promises, with a faulty network between the two. */
import { expect, test } from 'bun:test'
import { type ClientOptions, createClient } from '@fanfare/client'
import { fakeClock, homeTenant, refusal, startWorld, type World } from '@fanfare/testkit'
import fc from 'fast-check'
import { clinic } from '../support/clinic.ts'
import { eventually, Listening, recordedSockets, until } from './clients/listening.ts'
import { startProxy } from './clients/proxy.ts'

const fast = { minMs: 1, maxMs: 20 }
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const clientOf = async (world: World, userId: string, options: Partial<ClientOptions> = {}) => {
  const token = await world.token(userId)
  return createClient<typeof clinic>({ url: world.url, token, reconnect: fast, ...options })
}

const countsTo = async (world: World, room: string, range: readonly number[]): Promise<void> => {
  const teller = await world.person('teller')
  for (const n of range) await teller.says(room, 'counted', { n })
  await teller.goes()
}

test('a client that was cut off resumes all its rooms in one request, and hears each event once, in order', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  const { sent, WebSocket } = recordedSockets()
  const fallback = { afterFailures: false } as const
  await using client = await clientOf(world, 'ann', { url: proxy.url, fallback, surroundings: { WebSocket } })
  const rooms = [client.room('ward:1'), client.room('ward:2'), client.room('corridor:1')] as const
  const listenings = rooms.map((room) => new Listening(room))
  await Promise.all(rooms.map((room) => room.subscribed))
  for (const { name } of rooms) await countsTo(world, name, [1, 2])
  for (const listening of listenings) await listening.hears(2)

  proxy.isDown = true
  proxy.cut()
  await until(client.state, ({ status }) => status === 'reconnecting')
  for (const { name } of rooms) await countsTo(world, name, [3, 4, 5])
  sent.length = 0
  proxy.isDown = false
  for (const listening of listenings) await listening.hears(5)

  expect(listenings.map(({ offsets }) => offsets)).toEqual(rooms.map(() => numbers(1, 5)))
  expect(listenings.flatMap(({ gaps }) => gaps)).toEqual([])
  const asked = sent.filter((frame) => frame.type === 'subscribe')
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ rooms: rooms.map(({ name }) => ({ room: name, since: { offset: 2 } })) })
})

test('what is published while away, or whose answer was lost, has one effect, in order', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  await using client = await clientOf(world, 'ann', { url: proxy.url })
  const ward = client.room('ward:1')
  const listening = new Listening(ward)
  await ward.subscribed

  proxy.swallowsAnswers = true
  const unanswered = ward.publish('counted', { n: 1 })
  const reader = await world.person('reader')
  await eventually(async () => (await reader.reads('ward:1')).events.length === 1)
  proxy.isDown = true
  proxy.cut()
  await until(client.state, ({ status }) => status === 'reconnecting')
  const queued = numbers(2, 20).map((n) => ward.publish('counted', { n }))
  proxy.swallowsAnswers = proxy.isDown = false

  expect(await unanswered).toMatchObject({ offset: 1, duplicate: true, durability: 'disk' })
  for (const result of await Promise.all(queued)) expect(result.duplicate).toBe(false)
  await listening.hears(20)
  expect(listening.numbers).toEqual(numbers(1, 20))
  expect((await reader.reads('ward:1')).events.map(({ offset }) => offset)).toEqual(numbers(1, 20))
})

test('a command whose answer was lost runs once', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  await using client = await clientOf(world, 'ann', { url: proxy.url })
  client.connect()
  await until(client.state, ({ status }) => status === 'connected')
  proxy.swallowsAnswers = true
  const answer = client.command('message:send', { ward: '1', text: 'once' })
  const reader = await world.person('reader')
  await eventually(async () => (await reader.reads('ward:1')).events.length === 1)
  proxy.swallowsAnswers = false
  proxy.cut()
  expect(await answer).toMatchObject({ offset: 1 })
  expect((await reader.reads('ward:1')).events).toHaveLength(1)
})

test('rooms whose memory is gone say so once each, and go on; durable ones lose nothing', async () => {
  await using world = await startWorld({ app: clinic })
  await using client = await clientOf(world, 'ann')
  const memory = [client.room('corridor:1'), client.room('corridor:2'), client.room('archive:1')] as const
  const ward = client.room('ward:1')
  const lost = memory.map((room) => new Listening(room))
  const kept = new Listening(ward)
  await Promise.all([...memory, ward].map((room) => room.subscribed))
  for (const { name } of [...memory, ward]) await countsTo(world, name, [1, 2, 3])
  for (const listening of [...lost, kept]) await listening.hears(3)

  await world.restarts()
  await until(client.state, ({ status }) => status === 'connected')
  await eventually(() => lost.every(({ gaps }) => gaps.length > 0))
  for (const { name } of memory) await countsTo(world, name, [4])
  await countsTo(world, 'ward:1', [4])
  await kept.hears(4)
  await eventually(() => lost.every(({ events }) => events.length === 4))

  for (const [index, { gaps, numbers: heard }] of lost.entries()) {
    expect(gaps).toEqual([
      {
        room: memory[index]!.name,
        reason: 'epoch',
        from: { epoch: expect.any(String), offset: 3 },
        to: { epoch: expect.any(String), offset: 0 },
      },
    ])
    expect(heard).toEqual([1, 2, 3, 4])
  }
  expect(kept.gaps).toEqual([])
  expect(kept.offsets).toEqual([1, 2, 3, 4])
})

test('the token provider is asked anew on every reconnect', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  const { sent, WebSocket } = recordedSockets()
  let asked = 0
  const token = () => world.token('ann', { claims: { turn: ++asked } })
  await using client = await clientOf(world, 'ann', { url: proxy.url, token, surroundings: { WebSocket } })
  for (let turn = 1; turn <= 3; turn++) {
    client.connect()
    await until(client.state, ({ status }) => status === 'connected')
    expect(asked).toBe(turn)
    proxy.cut()
    await until(client.state, ({ status }) => status !== 'connected')
  }
  await until(client.state, ({ status }) => status === 'connected')
  const tokens = sent.flatMap((frame) => (frame.type === 'auth' ? [frame.token] : []))
  expect(tokens).toHaveLength(4)
  expect(new Set(tokens).size).toBe(4)
})

test('a token is renewed on the live connection before it ends, and the session lives on', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, clock })
  let asked = 0
  const token = () => {
    asked++
    return world.token('ann', { ttlSeconds: 20 })
  }
  await using client = await clientOf(world, 'ann', { token, surroundings: { clock } })
  client.connect()
  const before = await until(client.state, ({ status }) => status === 'connected')
  const endOf = () => [...world.server.services.hub.sessions.values()].map(({ identity }) => identity.expiresAt)
  const [firstEnd] = endOf()
  await clock.advance(17_500)
  await eventually(() => (endOf()[0] ?? 0) > firstEnd!)
  await clock.advance(5_000)
  expect(asked).toBe(2)
  const ward = client.room('ward:1')
  await ward.publish('counted', { n: 1 })
  expect(client.state.getSnapshot()).toBe(before)
})

test('a token that is refused twice ends the client with the reason; connect starts anew', async () => {
  await using world = await startWorld({ app: clinic })
  let token = 'not-a-token'
  let asked = 0
  const provider = () => {
    asked++
    return token
  }
  await using client = await clientOf(world, 'ann', { token: provider })
  expect(await refusal(client.room('ward:1').subscribed)).toMatchObject({ code: 'unauthenticated' })
  expect(client.state.getSnapshot()).toMatchObject({ status: 'closed', error: { code: 'unauthenticated' } })
  expect(asked).toBe(2)
  token = await world.token('ann')
  client.connect()
  await until(client.state, ({ status }) => status === 'connected')
})

test('a graceful stop: every client comes back when it was told to, and not all at once', async () => {
  await using world = await startWorld({ app: clinic })
  const people = await Promise.all(
    numbers(1, 8).map(async (index) => {
      const { received, WebSocket } = recordedSockets()
      const client = await clientOf(world, `user${index}`, { surroundings: { WebSocket } })
      const listening = new Listening(client.room('ward:1'))
      await client.room('ward:1').subscribed
      const waits: { readonly at: number; readonly retryAt: number }[] = []
      client.state.subscribe(() => {
        const state = client.state.getSnapshot()
        if (state.status === 'reconnecting') waits.push({ at: Date.now(), retryAt: state.retryAt })
      })
      return { client, received, listening, waits }
    }),
  )
  await world.restarts()
  await Promise.all(people.map(({ client }) => until(client.state, ({ status }) => status === 'connected')))
  await countsTo(world, 'ward:1', [1])

  const hints = people.map(({ received, waits }) => {
    const told = received.find(({ frame }) => frame.type === 'reconnect')
    if (told?.frame.type !== 'reconnect') throw new Error('A client was not told when to come back.')
    const { afterMs } = told.frame
    expect(Math.abs(waits[0]!.retryAt - told.at - afterMs)).toBeLessThan(100)
    return afterMs
  })
  expect(new Set(hints).size).toBeGreaterThan(4)
  for (const { client, listening } of people) {
    await listening.hears(1)
    expect(listening.gaps).toEqual([])
    await client.close()
  }
})

test('who was shown in a room is shown again after a drop, without asking again', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  await using ann = await clientOf(world, 'ann', { url: proxy.url })
  await using bob = await clientOf(world, 'bob')
  const seen = bob.room('ward:1').presence.members
  await ann.room('ward:1').presence.enter({ at: 'desk' })
  await until(seen, ({ list }) => list.some(({ userId }) => userId === 'ann'))

  await world.restarts()
  await until(bob.state, ({ status }) => status === 'connected')
  const members = await until(seen, ({ list }) => list.some(({ userId }) => userId === 'ann'))
  expect(members.list).toMatchObject([{ userId: 'ann', state: { at: 'desk' } }])
  await ann.room('ward:1').presence.leave()
  await until(seen, ({ list }) => list.length === 0)
  proxy.cut()
  await until(ann.state, ({ status }) => status !== 'connected')
  await until(ann.state, ({ status }) => status === 'connected')
  await ann.room('ward:1').publish('counted', { n: 1 })
  expect(seen.getSnapshot().list).toEqual([])
})

test('where WebSockets are blocked, an event stream and HTTP carry the same events in the same order, and back', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  proxy.refusesSockets = true
  await using client = await clientOf(world, 'ann', { url: proxy.url, fallback: { afterFailures: 2, upgradeMs: 300 } })
  await using direct = await clientOf(world, 'bob')
  const wards = [client.room('ward:1'), direct.room('ward:1')] as const
  const [behind, beside] = wards.map((ward) => new Listening(ward)) as [Listening, Listening]
  await Promise.all(wards.map((ward) => ward.subscribed))
  expect(client.state.getSnapshot()).toMatchObject({ status: 'connected', transport: 'event-stream' })
  expect(proxy.upgrades).toBe(2)
  for (const n of numbers(1, 10)) {
    const result = await wards[n % 2]!.publish('counted', { n })
    expect(result).toMatchObject({ offset: n, durability: 'disk' })
  }
  await behind.hears(10)
  expect(await client.command('message:send', { ward: '1', text: 'over HTTP' })).toMatchObject({ offset: 11 })

  proxy.cut()
  await countsTo(world, 'ward:1', [12, 13])
  await behind.hears(13)
  expect(client.state.getSnapshot()).toMatchObject({ transport: 'event-stream' })

  proxy.refusesSockets = false
  await until(client.state, (state) => state.status === 'connected' && state.transport === 'websocket')
  await countsTo(world, 'ward:1', [14])
  await Promise.all([behind.hears(14), beside.hears(14)])
  expect(behind.offsets).toEqual(numbers(1, 14))
  expect(behind.events).toEqual(beside.events)
  expect([...behind.gaps, ...beside.gaps]).toEqual([])
})

test('over the event stream too, lost answers repeat nothing, lost memory is one gap, and refusals are typed', async () => {
  await using world = await startWorld({ app: clinic })
  await using proxy = await startProxy(world.url)
  await using client = await clientOf(world, 'ann', { url: proxy.url, surroundings: { WebSocket: undefined } })
  const ward = client.room('ward:1')
  const corridor = client.room('corridor:1')
  const [kept, lost] = [new Listening(ward), new Listening(corridor)]
  await Promise.all([ward.subscribed, corridor.subscribed])
  expect(await refusal(client.room('patient:7').subscribed)).toMatchObject({ code: 'forbidden' })
  await corridor.publish('counted', { n: 1 })

  proxy.swallowsAnswers = true
  const unanswered = ward.publish('counted', { n: 1 })
  const reader = await world.person('reader')
  await eventually(async () => (await reader.reads('ward:1')).events.length === 1)
  proxy.swallowsAnswers = false
  proxy.cut()
  expect(await unanswered).toMatchObject({ offset: 1, duplicate: true })
  await Promise.all([kept.hears(1), lost.hears(1)])

  await world.restarts()
  await eventually(() => lost.gaps.length > 0)
  await countsTo(world, 'ward:1', [2])
  await countsTo(world, 'corridor:1', [2])
  await kept.hears(2)
  await eventually(() => lost.events.length === 2)
  expect(kept.offsets).toEqual([1, 2])
  expect(kept.gaps).toEqual([])
  expect(lost.gaps).toMatchObject([{ room: 'corridor:1', reason: 'epoch' }])
  expect(lost.numbers).toEqual([1, 2])
})

test('two tenants with equal names hear, find and show only their own', async () => {
  await using world = await startWorld({ app: clinic })
  const open = async (tenantId: string) =>
    createClient<typeof clinic>({ url: world.url, token: await world.token('ann', { tenantId }) })
  await using north = await open('north')
  await using south = await open('south')
  const listenings = [north, south].map((client) => new Listening(client.room('ward:1')))
  await Promise.all([north, south].map((client) => client.room('ward:1').subscribed))
  await Promise.all([
    ...numbers(1, 10).map((n) => north.room('ward:1').publish('counted', { n })),
    ...numbers(101, 110).map((n) => south.room('ward:1').publish('counted', { n })),
  ])
  await Promise.all(listenings.map((listening) => listening.hears(10)))
  expect(listenings.map((listening) => listening.numbers)).toEqual([numbers(1, 10), numbers(101, 110)])
  await north.room('ward:1').presence.enter({ of: 'north' })
  await until(south.room('ward:1').presence.members, ({ status }) => status === 'ready')
  expect(south.room('ward:1').presence.members.getSnapshot().list).toEqual([])
  const page = await south.room('ward:1').history()
  expect(page.events.map(({ tenantId }) => tenantId)).toEqual(Array.from({ length: 10 }, () => 'south'))
})

test('a page of history after another, typed, until there is no more', async () => {
  await using world = await startWorld({ app: clinic })
  await countsTo(world, 'ward:1', numbers(1, 25))
  for (const surroundings of [{}, { WebSocket: undefined }]) {
    await using reader = await clientOf(world, 'ann', { surroundings })
    const offsets: number[] = []
    for await (const { events } of reader.room('ward:1').history({ after: 'earliest', limit: 10 })) {
      offsets.push(...events.map(({ offset }) => offset))
    }
    expect(offsets).toEqual(numbers(1, 25))
  }
})

/** So that the time goes into breaking connections and not into waiting for one's turn. */
const unhurried = { framesPerSecond: 5_000, framesBurst: 5_000, framesPerSecondPerUser: 5_000 }

const fault = fc.record({
  after: fc.integer({ min: 0, max: 25 }),
  kind: fc.constantFrom('cut', 'cut', 'server', 'deaf'),
})

test('however the connection breaks under 300 publishes, each is heard once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { minLength: 5, maxLength: 15 }), fc.boolean(), async (faults, sockets) => {
      await using world = await startWorld({ app: clinic, config: { limits: unhurried } })
      await using proxy = await startProxy(world.url)
      const surroundings = sockets ? {} : { WebSocket: undefined }
      await using client = await clientOf(world, 'ann', { url: proxy.url, surroundings })
      const ward = client.room('ward:1')
      const listening = new Listening(ward)
      await ward.subscribed
      const results = numbers(1, 300).map((n) => ward.publish('counted', { n }))
      let done = 0
      for (const { after, kind } of faults) {
        done = Math.min(299, done + after)
        await results[done]
        if (kind === 'deaf') proxy.swallowsAnswers = true
        if (kind === 'deaf') await new Promise((resolve) => setTimeout(resolve, 5))
        if (kind === 'server') endLinks(world)
        else proxy.cut()
        proxy.swallowsAnswers = false
      }
      await Promise.all(results)
      await listening.hears(300)
      expect(listening.numbers).toEqual(numbers(1, 300))
      expect(listening.offsets).toEqual(numbers(1, 300))
      expect(listening.gaps).toEqual([])
    }),
    { numRuns: 8 },
  )
}, 60_000)

/** As a server that dismisses its slow readers does. */
const endLinks = (world: World): void => {
  for (const session of world.server.services.hub.sessionsOf(homeTenant, 'ann')) session.end('slow_reader', 'too slow')
}
