import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { trustProxies } from '../../auth/client-address.ts'
import type { AllowedOrigins } from '../../auth/origin.ts'
import { Heard, repeat, testSettings } from '../../flows/socketio/engine.world.ts'
import { engineId } from '../../flows/socketio/engine-id.ts'
import type { EngineSettings, Handshake } from '../../flows/socketio/engine-port.ts'
import { EngineSockets } from '../../flows/socketio/engine-sockets.ts'
import { OtherNodes } from '../../flows/socketio/other-nodes.ts'
import { clinic } from '../clinic.fixture.ts'
import { createHttp } from '../http.ts'
import { createMetrics } from '../metrics.ts'

const listed = 'https://app.example.org'
const evil = 'https://evil.example'
const opening = '/socket.io/?EIO=4&transport=polling'

let world: World
beforeAll(async () => {
  world = await startWorld({ app: clinic })
})
afterAll(() => world[Symbol.asyncDispose]())

type Options = { readonly allowedOrigins?: AllowedOrigins; readonly engine?: Partial<EngineSettings> }

const node = ({ allowedOrigins = [listed], engine: changed = {} }: Options = {}) => {
  const { services } = world.server
  const handshakes: Handshake[] = []
  const settings = { ...testSettings, pingIntervalMs: 25_000, pingTimeoutMs: 20_000, ...changed }
  const engine = new EngineSockets({
    clock: services.clock,
    ids: () => engineId(services.engine.node),
    others: new OtherNodes(services, testSettings.maxPayload),
    settings,
    open: (link) => {
      handshakes.push(link.handshake)
      return new Heard(link, repeat)
    },
  })
  const http = createHttp({
    services,
    metrics: createMetrics(),
    engines: [engine],
    settings: {
      version: '1.2.3',
      mode: 'development',
      allowedOrigins,
      trustedProxies: trustProxies(['10.0.0.1']),
      metricsToken: undefined,
      clientBundle: undefined,
    },
  })
  const ask = (path: string, init: RequestInit = {}) =>
    http.fetch(new Request(`http://clinic.test${path}`, init), { address: '10.0.0.1' })
  return {
    ask,
    engine,
    handshakes,
    http,
    async opens(init: RequestInit = {}): Promise<string> {
      const { sid } = JSON.parse((await (await ask(opening, init)).text()).slice(1)) as { sid: string }
      return `${opening}&sid=${sid}`
    },
  }
}

test('what the client showed reaches the engine, with its own address and not that of a proxy', async () => {
  const { handshakes, opens } = node()
  await opens({ headers: { origin: listed, 'x-forwarded-for': '192.0.2.7', 'x-own': 'yes' } })
  const [shown] = handshakes
  expect([shown?.address, shown?.origin, shown?.headers.get('x-own'), shown?.query.get('transport')]).toEqual([
    '192.0.2.7',
    listed,
    'yes',
    'polling',
  ])
})

test.each([
  ['transport=polling', 'GET', 400, { code: 5, message: 'Unsupported protocol version' }],
  ['EIO=3&transport=polling', 'GET', 400, { code: 5, message: 'Unsupported protocol version' }],
  ['EIO=abc&transport=polling', 'GET', 400, { code: 5, message: 'Unsupported protocol version' }],
  ['EIO=4', 'GET', 400, { code: 0, message: 'Transport unknown' }],
  ['EIO=4&transport=abc', 'GET', 400, { code: 0, message: 'Transport unknown' }],
  ['EIO=4&transport=constructor', 'GET', 400, { code: 0, message: 'Transport unknown' }],
  ['EIO=4&transport=webtransport', 'GET', 400, { code: 0, message: 'Transport unknown' }],
  ['EIO=4&transport=websocket', 'GET', 400, { code: 3, message: 'Bad request' }],
  ['EIO=4&transport=polling', 'POST', 400, { code: 2, message: 'Bad handshake method' }],
  ['EIO=4&transport=polling', 'PUT', 400, { code: 2, message: 'Bad handshake method' }],
  ['EIO=4&transport=polling&sid=unknown', 'GET', 400, { code: 1, message: 'Session ID unknown' }],
  ['EIO=4&transport=polling&sid=__proto__', 'POST', 400, { code: 1, message: 'Session ID unknown' }],
])('?%s by %s is refused: %i %j', async (query, method, status, body) => {
  const { ask, engine } = node()
  const answer = await ask(`/socket.io/?${query}`, { method })
  expect([answer.status, await answer.json()]).toEqual([status, body])
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(engine.size).toBe(0)
})

test('a session that is asked for in another version or method is refused, and goes on', async () => {
  const { ask, opens } = node()
  const session = await opens()
  for (const [path, method] of [
    [session.replace('EIO=4', 'EIO=3'), 'GET'],
    [session.replace('polling', 'websocket'), 'GET'],
    [session, 'PUT'],
    [session, 'DELETE'],
  ] as const) {
    expect((await ask(path, { method })).status).toBe(400)
  }
  expect(await (await ask(session, { method: 'POST', body: '4still here' })).text()).toBe('ok')
  expect(await (await ask(session)).text()).toBe('4still here')
})

test('a transport that the application leaves out is unknown, and is not offered', async () => {
  const only = node({ engine: { transports: ['polling'] } })
  expect(await (await only.ask(opening)).text()).toContain('"upgrades":[]')
  const none = node({ engine: { transports: ['websocket'] } })
  expect(await (await none.ask(opening)).json()).toEqual({ code: 0, message: 'Transport unknown' })
})

test('the path may be written without its last slash, and be another', async () => {
  expect((await node().ask(opening.replace('io/', 'io'))).status).toBe(200)
  const own = node({ engine: { path: '/own/live' } })
  expect([(await own.ask('/own/live/?EIO=4&transport=polling')).status, (await own.ask(opening)).status]).toEqual([
    200, 404,
  ])
})

test('answers have the types of the protocol and are never kept', async () => {
  const { ask, opens } = node()
  const session = await opens()
  const post = await ask(session, { method: 'POST', body: '4hi' })
  const poll = await ask(session)
  expect([post.headers.get('content-type'), poll.headers.get('content-type')]).toEqual([
    'text/html',
    'text/plain; charset=UTF-8',
  ])
  for (const answer of [post, poll]) expect(answer.headers.get('cache-control')).toBe('no-store')
})

test.each([
  ['a listed page', [listed], listed, 200, true],
  ['no page', [listed], undefined, 200, false],
  ['another page', [listed], evil, 403, false],
  ['the own page, without a list', 'same-origin', 'http://clinic.test', 200, true],
  ['another page, without a list', 'same-origin', listed, 403, false],
  ['any page, where any may: but not with its visitor’s cookies', '*', evil, 200, false],
] as const)('CVE-2020-28481: %s', async (_, allowedOrigins, origin, status, credentials) => {
  const { ask } = node({ allowedOrigins })
  const answer = await ask(opening, { headers: origin === undefined ? {} : { origin } })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('access-control-allow-origin')).toBe(status === 200 ? (origin ?? null) : null)
  expect(answer.headers.get('access-control-allow-credentials')).toBe(credentials ? 'true' : null)
  expect(answer.headers.get('vary')).toContain('Origin')
  if (status === 403) expect(await answer.json()).toEqual({ code: 4, message: 'Forbidden' })
})

test('a page of elsewhere cannot use a session whose id it knows', async () => {
  const { ask, opens } = node()
  const session = await opens()
  for (const method of ['GET', 'POST']) {
    expect((await ask(session, { method, headers: { origin: evil } })).status).toBe(403)
  }
})

test('a preflight of a listed page is answered with what it asked for; of another it is refused', async () => {
  const { ask } = node()
  const preflight = (origin: string, names = 'content-type,x-own') =>
    ask(opening, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': names },
    })
  const answer = await preflight(listed)
  expect(answer.status).toBe(204)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'access-control-allow-origin': listed,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'content-type,x-own',
  })
  expect(answer.headers.get('vary')).toContain('Access-Control-Request-Headers')
  expect(answer.headers.get('vary')).toContain('Origin')
  expect((await preflight(evil)).status).toBe(403)
  expect((await preflight(listed, 'a b: "c"')).headers.get('access-control-allow-headers')).toBeNull()
})

test('CVE-2026-59725: a binary body ends the session and is not read', async () => {
  const { ask, engine, opens } = node()
  const session = await opens()
  const headers = { 'content-type': 'Application/Octet-Stream' }
  const answer = await ask(session, { method: 'POST', body: new Uint8Array([0, 255, 255, 4]), headers })
  expect([answer.status, engine.size]).toEqual([400, 0])
})

test('text that is no UTF-8 ends the session', async () => {
  const { ask, engine, opens } = node()
  const answer = await ask(await opens(), { method: 'POST', body: new Uint8Array([0x34, 0xff, 0xfe]) })
  expect([answer.status, engine.size]).toEqual([400, 0])
})

test('CVE-2020-36048: a body is counted as it comes, whatever it says of itself, and is read no further than maxPayload', async () => {
  const { ask, engine, opens } = node({ engine: { maxPayload: 10_000 } })
  const session = await opens()
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1_000
      controller.enqueue(new Uint8Array(1_000).fill(0x34))
      if (sent > 10_000_000) controller.close()
    },
  })
  const answer = await ask(session, { method: 'POST', body, headers: { 'content-length': '5' } })
  expect(answer.status).toBe(413)
  expect(sent).toBeLessThan(50_000)
  expect([(await ask(session)).status, engine.size]).toEqual([400, 0])
})

test('no session opens while the node stops; those that are open go on', async () => {
  const { ask, opens } = node()
  const session = await opens()
  world.server.services.accepting = false
  try {
    expect((await ask(opening)).status).toBe(503)
    expect(await (await ask(session, { method: 'POST', body: '4hi' })).text()).toBe('ok')
  } finally {
    world.server.services.accepting = true
  }
})

test('the browser’s client is served as its makers publish it, with its maps, and known by its version', async () => {
  const { ask } = node()
  for (const name of ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js']) {
    const script = await ask(`/socket.io/${name}`)
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'application/javascript; charset=utf-8'])
    expect(await script.text()).toContain('Socket.IO v4.')
    const map = await ask(`/socket.io/${name}.map`)
    expect(Object.keys((await map.json()) as object)).toContain('mappings')
  }
  const tag = (await ask('/socket.io/socket.io.js')).headers.get('etag') ?? ''
  expect((await ask('/socket.io/socket.io.js', { headers: { 'if-none-match': `W/${tag}` } })).status).toBe(304)
  expect((await ask('/socket.io/package.json')).status).toBe(404)
  expect((await ask('/socket.io/..%2fpackage.json')).status).toBe(404)
  expect((await node({ engine: { serveClient: false } }).ask('/socket.io/socket.io.js')).status).toBe(404)
})

test('a node that shares its port takes these paths', () => {
  const owns = node().http.owns({ operations: false })
  const asked = (method: string, path: string) => owns({ method, url: `http://clinic.test${path}` })
  expect([asked('GET', opening), asked('POST', opening), asked('OPTIONS', opening)]).toEqual([true, true, true])
  expect([asked('GET', '/socket.io/socket.io.js'), asked('GET', '/socket.io/other')]).toEqual([true, false])
})
