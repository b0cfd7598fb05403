import { expect, test } from 'bun:test'
import { FakeWorld, settle } from '../test/fake-server.ts'

/** A provider that counts. */
const tokens = (give: (asked: number) => string) => {
  const provider = () => {
    provider.asked++
    return give(provider.asked)
  }
  provider.asked = 0
  return provider
}

test('opens the socket by address and subprotocol, and proves who it is in the first frame', async () => {
  await using world = new FakeWorld({ url: 'https://server.test/base/' })
  world.client.connect()
  const socket = await world.accept()
  expect([socket.url, socket.protocols]).toEqual([
    'wss://server.test/base/v1/websocket',
    ['fanfare.v1.lines', 'fanfare.v1'],
  ])
  expect(socket.sent).toEqual([{ type: 'auth', token: 'token-1' }])
  expect(world.client.state.getSnapshot()).toEqual({
    status: 'connected',
    tries: 0,
    transport: 'websocket',
    session: { id: 's1', tenantId: 'acme', userId: 'ann' },
  })
})

test('a ticket goes into the address, and a new one into the next', async () => {
  let made = 0
  await using world = new FakeWorld({ ticket: () => `t${++made}`, token: undefined as never })
  world.client.connect()
  const first = await world.accept()
  const second = await world.reconnect()
  expect([first.url, second.url].map((url) => url.split('?')[1])).toEqual(['ticket=t1', 'ticket=t2'])
  expect(second.sent).toBeEmpty()
})

test('comes back with growing waits while the server is away, and counts anew once a link has held', async () => {
  await using world = new FakeWorld({ surroundings: { random: () => 1 }, fallback: { afterFailures: false } })
  world.client.connect()
  await settle()
  const waits: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    world.socket.drops()
    const state = world.client.state.getSnapshot()
    if (state.status !== 'reconnecting') throw new Error(state.status)
    waits.push(state.retryAt - world.clock.now())
    await world.clock.advance(waits.at(-1)!)
  }
  expect(waits).toEqual([1_000, 2_000, 4_000])
  await world.accept()
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'connected', tries: 3 })
  await world.clock.advance(5_000)
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'connected', tries: 0 })
})

test('the server chooses when: a reconnect frame', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  const socket = await world.accept()
  socket.says({ type: 'reconnect', afterMs: 7_000, reason: 'shutting_down' })
  socket.drops(1012)
  await world.clock.advance(6_999)
  expect(world.sockets).toHaveLength(1)
  await world.clock.advance(1)
  expect(world.sockets).toHaveLength(2)
})

test('the server chooses when: retryAfterMs of an error before the close', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  await settle()
  world.socket.opens()
  world.socket.says({ type: 'error', code: 'too_many_sessions', message: 'full', retry: 'later', retryAfterMs: 9_000 })
  world.socket.drops(4430)
  expect(world.client.state.getSnapshot()).toMatchObject({ error: { code: 'too_many_sessions', message: 'full' } })
  await world.clock.advance(8_999)
  expect(world.sockets).toHaveLength(1)
  await world.clock.advance(1)
  expect(world.sockets).toHaveLength(2)
})

for (const [close, code] of [
  [4403, 'forbidden'],
  [4410, 'disconnected'],
  [4400, 'bad_frame'],
] as const) {
  test(`${close} is for good: closed with ${code}, until connect() starts anew`, async () => {
    await using world = new FakeWorld()
    const waiting = world.client.room('a').publish('note', 1)
    const subscribed = world.client.room('b').subscribed
    const socket = await world.accept()
    socket.drops(close, 'why')
    expect(world.client.state.getSnapshot()).toMatchObject({ status: 'closed', error: { code, message: 'why' } })
    await expect(waiting).rejects.toMatchObject({ code })
    await expect(subscribed).rejects.toMatchObject({ code })
    await expect(world.client.room('a').publish('note', 2)).rejects.toMatchObject({ code })
    await world.clock.advance(60_000)
    expect(world.sockets).toHaveLength(1)
    world.client.connect()
    const next = await world.accept()
    expect(next.frames('subscribe')).toHaveLength(1)
  })
}

test('a slow reader comes back at once, but not again and again at once', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  const first = await world.accept()
  first.drops(4008)
  await world.clock.advance(0)
  expect(world.sockets).toHaveLength(2)
  const second = await world.accept()
  second.drops(4008)
  await world.clock.advance(499)
  expect(world.sockets).toHaveLength(2)
  await world.clock.advance(1)
  expect(world.sockets).toHaveLength(3)
})

test('an expired token is replaced by asking the provider', async () => {
  const token = tokens((asked) => `token-${asked}`)
  await using world = new FakeWorld({ token })
  world.client.connect()
  const first = await world.accept()
  first.drops(4402)
  await world.clock.advance(0)
  const second = await world.accept()
  expect(second.last('auth').token).toBe('token-2')
})

test('a stale token is not sent for ever', async () => {
  const token = tokens(() => 'stale')
  await using world = new FakeWorld({ token })
  world.client.connect()
  await settle()
  while (await world.comesBack(4401)) if (token.asked > 20) throw new Error('It never stops.')
  expect(token.asked).toBe(2)
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'closed', error: { code: 'unauthenticated' } })
})

test('nor are ever new tokens that are all refused', async () => {
  const token = tokens((asked) => `bad-${asked}`)
  await using world = new FakeWorld({ token })
  world.client.connect()
  await settle()
  while (await world.comesBack(4401)) if (token.asked > 20) throw new Error('It never stops.')
  expect(token.asked).toBe(5)
  expect(world.status).toBe('closed')
})

test('a provider that fails is asked again later', async () => {
  const token = tokens((asked) => {
    if (asked === 1) throw new Error('offline')
    return 'token'
  })
  await using world = new FakeWorld({ token })
  world.client.connect()
  await settle()
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'unavailable' } })
  await world.clock.advance(500)
  await world.accept()
  expect(world.status).toBe('connected')
})

test('the token is refreshed on the live link before it expires, measured by the server’s clock', async () => {
  const token = tokens((asked) => `token-${asked}`)
  await using world = new FakeWorld({ token })
  world.client.connect()
  const life = { timestamp: '2030-05-05T00:00:00.000Z', expiresAt: '2030-05-05T00:10:00.000Z' }
  const socket = await world.accept({ ...life, pingIntervalMs: 10 ** 9 })
  await world.clock.advance(449_999)
  expect(socket.frames('auth')).toHaveLength(1)
  await world.clock.advance(1)
  expect(socket.frames('auth').map((frame) => frame.token)).toEqual(['token-1', 'token-2'])
  expect(world.sockets).toHaveLength(1)
})

test('silence is answered by a ping, and a dead link by a new one', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  const socket = await world.accept()
  await world.clock.advance(25_000)
  expect(socket.frames('ping')).toHaveLength(1)
  socket.says({ type: 'pong', timestamp: '' })
  await world.clock.advance(32_999)
  expect(world.status).toBe('connected')
  await world.clock.advance(1)
  expect(socket.readyState).toBe(3)
  await world.clock.advance(0)
  expect(world.sockets).toHaveLength(2)
})

test('a server that never greets is given up', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  await settle()
  world.socket.opens()
  await world.clock.advance(10_000)
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'unavailable' } })
})

test('back online or in sight: a waiting client comes back at once, a connected one asks whether it still is', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  const socket = await world.accept()
  world.watchers[0]!.visible()
  expect(socket.frames('ping')).toHaveLength(1)
  world.isOnline = false
  socket.drops()
  expect(world.status).toBe('suspended')
  await world.clock.advance(10_000)
  expect(world.sockets).toHaveLength(1)
  world.isOnline = true
  world.watchers[0]!.online()
  await settle()
  expect(world.sockets).toHaveLength(2)
})

test('a broken frame costs the link, never an event', async () => {
  await using world = new FakeWorld()
  world.client.room('a').onAny(() => {})
  const socket = await world.accept()
  socket.subscribes('a', 3)
  socket.onmessage?.({ data: '{"type":"event"' } as never)
  expect(world.status).toBe('reconnecting')
  await world.clock.advance(500)
  const next = await world.accept()
  expect(next.last('subscribe')).toMatchObject({ rooms: [{ room: 'a', since: { epoch: 'e1', offset: 3 } }] })
})
