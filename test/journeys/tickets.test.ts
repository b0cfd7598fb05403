/** Tickets and origins: what opens a link from an address, and which pages may. Over real upgrades, streams and a real browser. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Actor, fakeClock, meaningOf, startWorld, type World } from '@fanfare/testkit'
import type { Browser } from 'playwright-core'
import { clinic } from '../support/clinic.ts'
import { launchBrowser } from './clients/browser.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

const page = 'https://app.example.org'

const ticketFor = async (world: World, userId: string, origin?: string): Promise<string> => {
  const headers = origin === undefined ? {} : { origin }
  const answer = await world.asks('/v1/tickets', { method: 'POST', as: userId, headers })
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  return ((await answer.json()) as { ticket: string }).ticket
}

const dial = (world: World, query: string, origin?: string) =>
  new Actor({
    name: 'guest',
    url: `${world.url.replace('http', 'ws')}/v1/websocket${query}`,
    protocols: ['fanfare.v1'],
    headers: origin === undefined ? {} : { origin },
  })

/** What became of an attempt to open a link: who was greeted, or why not. */
const opens = async (world: World, query: string, origin?: string): Promise<string> => {
  const actor = dial(world, query, origin)
  const end = await Promise.race([
    actor.sees('connected').then(({ userId }) => userId),
    actor.closed.then((closed) => meaningOf(closed)),
  ])
  actor.socket.terminate()
  return end
}

const streams = async (world: World, ticket: string, origin?: string): Promise<number> => {
  const ended = new AbortController()
  const headers = origin === undefined ? {} : { origin }
  const query = new URLSearchParams({ room: 'ward:1', ticket })
  const { status } = await fetch(`${world.url}/v1/stream?${query}`, { headers, signal: ended.signal })
  ended.abort()
  return status
}

test('a page opens an EventSource and a WebSocket, each with a ticket of its own, and hears', async () => {
  await using world = await startWorld({ app: clinic })
  const context = await browser.newContext()
  const tab = await context.newPage()
  await tab.goto(`${world.url}/health`)
  const token = await world.token('ann')
  await tab.evaluate(async (bearer) => {
    const ticket = async () => {
      const headers = { authorization: `Bearer ${bearer}` }
      const answer = await fetch('/v1/tickets', { method: 'POST', headers })
      return ((await answer.json()) as { ticket: string }).ticket
    }
    const heard: { [link: string]: string[] } = { stream: [], socket: [] }
    Object.assign(window, { heard })
    const source = new EventSource(`/v1/stream?room=ward:1&ticket=${await ticket()}`)
    source.addEventListener('message.created', ({ data }) => heard.stream?.push(data))
    await new Promise((resolve) => source.addEventListener('subscription', resolve))
    const socket = new WebSocket(`/v1/websocket?ticket=${await ticket()}`, ['fanfare.v1'])
    await new Promise<void>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(data) as { type: string }
        if (frame.type === 'connected') socket.send('{"type":"subscribe","room":"ward:1"}')
        if (frame.type === 'subscription') resolve()
        if (frame.type === 'event') heard.socket?.push(data)
      })
    })
  }, token)
  const bob = await world.person('bob')
  await bob.says('ward:1', 'message.created', { text: 'to both' })
  const heard = await tab.waitForFunction(() => {
    const { stream, socket } = (window as unknown as { heard: { stream: string[]; socket: string[] } }).heard
    return stream.length > 0 && socket.length > 0 && [...stream, ...socket]
  })
  for (const text of (await heard.jsonValue()) as string[]) expect(text).toContain('"text":"to both"')
  await context.close()
})

test('a ticket opens one link, once: of twenty that come at the same time, one', async () => {
  await using world = await startWorld({ app: clinic })
  const ticket = await ticketFor(world, 'ann')
  const ends = await Promise.all(Array.from({ length: 20 }, () => opens(world, `?ticket=${ticket}`)))
  expect(ends.toSorted()).toEqual(['ann', ...Array.from({ length: 19 }, () => 'unauthenticated')])
  const second = await ticketFor(world, 'ann')
  const statuses = await Promise.all(Array.from({ length: 10 }, () => streams(world, second)))
  expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 401)])
})

test('a ticket is good for 30 seconds, and no longer than the token it was made from', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, clock })
  const [fresh, late] = [await ticketFor(world, 'ann'), await ticketFor(world, 'ann')]
  await clock.advance(29_000)
  expect(await opens(world, `?ticket=${fresh}`)).toBe('ann')
  await clock.advance(2_000)
  expect(await opens(world, `?ticket=${late}`)).toBe('unauthenticated')
  expect(await streams(world, late)).toBe(401)

  const claims = { ttlSeconds: 10 }
  const answer = await world.asks('/v1/tickets', { method: 'POST', as: 'ann', claims })
  const { ticket } = (await answer.json()) as { ticket: string }
  await clock.advance(20_000)
  expect(await opens(world, `?ticket=${ticket}`)).toBe('token_expired')
})

test('a ticket made for one page is not taken from another, and is then used up', async () => {
  const allowedOrigins = [page, 'https://other.example.org']
  await using world = await startWorld({ app: clinic, config: { allowedOrigins } })
  const ticket = await ticketFor(world, 'ann', page)
  expect(await opens(world, `?ticket=${ticket}`, 'https://other.example.org')).toBe('unauthenticated')
  expect(await opens(world, `?ticket=${ticket}`, page)).toBe('unauthenticated')
  expect(await opens(world, `?ticket=${await ticketFor(world, 'ann', page)}`, page)).toBe('ann')
})

test('a ticket is no token, and is asked for with one', async () => {
  await using world = await startWorld({ app: clinic })
  const ticket = await ticketFor(world, 'ann')
  const authorization = `Bearer ${ticket}`
  expect((await fetch(`${world.url}/v1/stats`, { headers: { authorization } })).status).toBe(401)
  expect((await fetch(`${world.url}/v1/rooms/ward%3A1/history?ticket=${ticket}`)).status).toBe(401)
  expect((await fetch(`${world.url}/v1/tickets`, { method: 'POST' })).status).toBe(401)
  expect(await opens(world, `?ticket=${ticket}&tenantId=globex`)).toBe('forbidden')
})

/** S-10. The list has https://app.example.org and http://localhost:3000. */
const table: readonly (readonly [origin: string | undefined, welcome: boolean])[] = [
  [undefined, true],
  [page, true],
  ['https://APP.example.org', true],
  ['https://app.example.org:443', true],
  ['http://localhost:3000', true],
  ['http://app.example.org', false],
  ['https://app.example.org:8443', false],
  ['https://app.example.org.evil.example', false],
  ['https://evil-app.example.org', false],
  ['https://sub.app.example.org', false],
  ['https://example.org', false],
  ['http://localhost:3001', false],
  ['http://localhost', false],
  ['https://app.example.org/', false],
  ['https://app.example.org@evil.example', false],
  ['null', false],
  ['file://', false],
  ['*', false],
  ['https://аpp.example.org', false],
]

test('S-10: pages on the list may connect, and no others, however alike their names', async () => {
  await using world = await startWorld({
    app: clinic,
    config: { allowedOrigins: [page, 'http://localhost:3000'] },
  })
  const token = await world.token('ann')
  const authorization = `Bearer ${token}`
  for (const [origin, welcome] of table) {
    const headers: Record<string, string> =
      origin === undefined ? {} : { origin: Buffer.from(origin).toString('latin1') }
    const upgrade = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' }
    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    const socket = await fetch(`${world.url}/v1/websocket`, { headers: { ...headers, ...upgrade, ...key } })
    expect([origin, socket.status]).toEqual([origin, welcome ? 101 : 403])
    if (!welcome) expect(await socket.json()).toMatchObject({ code: 'origin_refused' })

    const ended = new AbortController()
    const stream = await fetch(`${world.url}/v1/stream?room=ward:1`, {
      headers: { ...headers, authorization },
      signal: ended.signal,
    })
    expect([origin, stream.status]).toEqual([origin, welcome ? 200 : 403])
    ended.abort()

    const publish = await fetch(`${world.url}/v1/rooms/ward%3A1/events`, {
      method: 'POST',
      headers: { ...headers, authorization, 'content-type': 'application/json' },
      body: '{"event":"counted","data":{"n":1}}',
    })
    expect([origin, publish.status]).toEqual([origin, welcome ? 201 : 403])
    const allowed = publish.headers.get('access-control-allow-origin')
    expect([origin, allowed]).toEqual([origin, welcome && origin !== undefined ? origin : null])
    expect(publish.headers.get('vary')).toContain('Origin')
  }
})

test('by default only the server’s own pages may connect', async () => {
  await using world = await startWorld({ app: clinic })
  const token = await world.token('ann')
  for (const [origin, end] of [
    [world.url, 'ann'],
    [world.url.replace('http', 'https'), 'ann'],
  ] as const) {
    const actor = dial(world, '', origin)
    await actor.opened()
    actor.sends({ type: 'auth', token })
    expect((await actor.sees('connected')).userId).toBe(end)
  }
  const stranger = dial(world, '', page)
  expect((await stranger.closed).code).not.toBe(1000)
  expect(stranger.frames.items).toEqual([])
})

test('CORS in a browser: a page of a listed origin uses the API, one of another cannot', async () => {
  await using app = await startWorld({ app: clinic })
  const origin = app.url
  await using listed = await startWorld({ app: clinic, config: { allowedOrigins: [origin] } })
  await using closed = await startWorld({ app: clinic })
  const context = await browser.newContext()
  const tab = await context.newPage()
  await tab.goto(`${origin}/health`)
  const publish = async (world: World) =>
    tab.evaluate(
      async ([url, token]) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': 'k' }
        const body = '{"event":"counted","data":{"n":1}}'
        return fetch(`${url}/v1/rooms/ward%3A1/events`, { method: 'POST', headers, body }).then(
          (answer) => answer.status,
          (error: Error) => error.name,
        )
      },
      [world.url, await world.token('ann')] as const,
    )
  expect(await publish(listed)).toBe(201)
  expect(await publish(closed)).toBe('TypeError')
  const reader = await closed.person('ann')
  expect((await reader.reads('ward:1')).events).toEqual([])
  await context.close()
})
