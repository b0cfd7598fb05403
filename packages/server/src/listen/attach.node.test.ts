/** A listener on a host's own server: who answers what, and that neither harms the other. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { defaultLimits } from '@fanfare/protocol'
import { WebSocketServer } from 'ws'
import { fakeClock } from '../lib/fake-clock.ts'
import { type Log, silentLog } from '../lib/log.ts'
import { ListenerWorld, ScriptedDoor } from './listener.world.ts'
import { attachToNode } from './node.ts'
import { type HostOptions, listenAt, listenOnHost } from './node.world.ts'
import { frame, RawSocket } from './raw-socket.world.ts'

const ofHost: HostOptions = {
  answer: (request, response) => void response.end(`host: ${request.method} ${request.url}`),
  owns: ({ url }) => new URL(url).pathname.startsWith('/ours'),
}
const openWith = (options: HostOptions = {}, handle = () => new Response('ours')) =>
  ListenerWorld.open(listenOnHost({ ...ofHost, ...options }), { handle })

/** What comes back for bytes, until the server hangs up. */
const exchange = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })

test('each request has one answer, from whom it is for, on one connection too', async () => {
  await using world = await openWith()
  const said = await exchange(
    world.url,
    ['/ours', '/theirs', '/ours/too', '/theirs']
      .map((path, index) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${index === 3 ? 'Connection: close\r\n' : ''}\r\n`)
      .join(''),
  )
  assert.equal(said.match(/HTTP\/1\.1 200/g)?.length, 4)
  assert.deepEqual(said.match(/ours\r|host: GET \/theirs/g), [
    'ours\r',
    'host: GET /theirs',
    'ours\r',
    'host: GET /theirs',
  ])
})

test('what is no path of ours, however it is written, is the host’s', async () => {
  await using world = await openWith()
  for (const [line, host] of [
    ['OPTIONS *', 'x'],
    ['GET http://elsewhere/ours', 'x'],
    ['GET /theirs', 'x/ours?'],
    ['GET //ours', 'x'],
  ] as const) {
    const said = await exchange(world.url, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    assert.match(said, /host: /, line)
  }
})

test('listeners that the host adds later see none of our requests', async () => {
  const seen: (string | undefined)[] = []
  await using world = await openWith({
    prepare: (server) => void server.on('request', (request) => void seen.push(request.url)),
  })
  assert.equal(await (await fetch(`${world.url}/ours`)).text(), 'ours')
  await fetch(`${world.url}/theirs`)
  assert.deepEqual(seen, ['/theirs'])
})

test('the host’s own WebSocket server and our doors do not meet', async () => {
  const own = (server: Parameters<NonNullable<HostOptions['prepare']>>[0]) => {
    // Such a server refuses every path but its own.
    new WebSocketServer({ server, path: '/own' }).on('connection', (socket) => socket.send('the host'))
  }
  await using world = await openWith({ prepare: own })
  const theirs = await world.socket('/own')
  assert.equal(await theirs.hearsText(), 'the host')
  const { client, guest } = await world.link()
  client.says('hello')
  await guest.until(() => guest.received.length === 1)
  assert.equal((await world.socket('/neither')).status, 400)
})

test('a request that merely offers an upgrade stays a request', async () => {
  await using world = await openWith({}, () => new Response('ours'))
  const offer = 'Host: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n'
  const post = (path: string) => `POST ${path} HTTP/1.1\r\n${offer}Content-Length: 2\r\n\r\nhi`
  assert.match(await exchange(world.url, post('/theirs')), /host: POST \/theirs/)
  assert.match(await exchange(world.url, post('/ours')), /ours/)
  assert.equal((await world.socket('/neither')).status, 200)
})

test('a client that asks before it sends its body is told to go on, by whom it asks', async () => {
  await using world = await openWith({ prepare: (server) => void server.on('checkContinue', (_, r) => r.end('wait')) })
  const ask = (path: string) =>
    exchange(
      world.url,
      `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`,
    )
  assert.match(await ask('/ours'), /100 Continue[\s\S]*200 OK[\s\S]*ours/)
  assert.match(await ask('/theirs'), /200 OK[\s\S]*wait/)
})

test('an answer that fails before it begins is a problem, and logged', async () => {
  const logged: unknown[] = []
  const log: Log = { ...silentLog, warn: (fields) => void logged.push(fields.error) }
  const fault = new Error('a secret detail')
  const server = createServer()
  const behind = { services: { clock: fakeClock(), limits: defaultLimits, log }, doors: [], owns: () => true }
  const attached = attachToNode(server, { ...behind, fetch: () => Promise.reject(fault) })
  const answer = await fetch(await listenAt(server))
  assert.equal(answer.status, 500)
  assert.doesNotMatch(await answer.text(), /secret/)
  assert.deepEqual(logged, [fault])
  await attached.close()
  server.close()
})

test('a stream has begun before its first byte', async () => {
  await using world = await openWith({}, () => new Response(new ReadableStream()))
  const leaving = new AbortController()
  const answer = await fetch(`${world.url}/ours`, { signal: leaving.signal })
  assert.equal(answer.status, 200)
  leaving.abort()
})

test('closed, it leaves the server to its host, and can come back', async () => {
  const server = createServer((_, response) => void response.end('host'))
  const { emit } = server
  const door = new ScriptedDoor()
  const services = { clock: fakeClock(), limits: defaultLimits, log: silentLog }
  const behind = { services, doors: [door], owns: () => true, fetch: async () => new Response('ours') }
  const url = await listenAt(server)
  for (let times = 0; times < 2; times++) {
    const attached = attachToNode(server, behind)
    assert.equal(await (await fetch(url)).text(), 'ours')
    assert.equal((await RawSocket.open(url, '/refused')).status, 503)
    await attached.close()
    assert.equal(await (await fetch(url)).text(), 'host')
    assert.equal((await RawSocket.open(url, '/refused')).status, 200)
  }
  assert.equal(server.emit, emit)
  assert.equal(server.listenerCount('upgrade'), 0)
  server.closeAllConnections()
  server.close()
})

test('a message in thousands of pieces is refused long before they fill memory, however small it is', async () => {
  await using world = await ListenerWorld.open(listenOnHost())
  const taken = await world.link()
  const pieces = (count: number) => Array<Buffer>(count).fill(frame(0, 'x', { fin: false }))
  taken.client.sends(frame(1, 'x', { fin: false }), ...pieces(1_000), frame(0, 'x'))
  await taken.guest.until(() => taken.guest.received.length === 1)
  const { client, guest } = await world.link()
  client.sends(frame(1, 'x', { fin: false }), ...pieces(2_000))
  assert.equal((await client.closed).code, 1008)
  assert.equal(await guest.gone.promise, false)
})

test('a silent link is asked for a sign of life in time, and cut when none comes', async () => {
  const clock = fakeClock()
  await using world = await ListenerWorld.open(listenOnHost(), { clock, limits: { idleMs: 40_000 } })
  const alive = await world.link()
  const dead = await world.link()
  dead.client.answersPings = false
  const beat = async () => {
    await clock.advance(5_000)
    // A pong has to come over the network.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  for (let beats = 0; beats < 8; beats++) await beat()
  assert.deepEqual(dead.guest.goodbyes, [])
  for (let beats = 0; beats < 2; beats++) await beat()
  assert.equal(await dead.guest.gone.promise, false)
  for (let beats = 0; beats < 20; beats++) await beat()
  assert.deepEqual(alive.guest.goodbyes, [])
  alive.client.sends(frame(1, 'still here'))
  await alive.guest.until(() => alive.guest.received.length === 1)
})
