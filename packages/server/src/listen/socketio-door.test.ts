/** Engine.IO over real sockets, with an engine that repeats every message: what any client of the protocol relies on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { startWorld, type World } from '@fanfare/testkit'
import { trustProxies } from '../auth/client-address.ts'
import { Heard, repeat, testSettings } from '../flows/socketio/engine.world.ts'
import { engineId } from '../flows/socketio/engine-id.ts'
import { EngineSockets } from '../flows/socketio/engine-sockets.ts'
import { OtherNodes } from '../flows/socketio/other-nodes.ts'
import { clinic } from '../http/clinic.fixture.ts'
import { createHttp } from '../http/http.ts'
import { createMetrics } from '../http/metrics.ts'
import { listenOnBun } from './bun.ts'
import type { Listener } from './listener.ts'
import { NativeDoor } from './native-door.ts'
import { SocketIoDoor } from './socketio-door.ts'

let world: World
let engine: EngineSockets
let listener: Listener
const heard = new Map<string, Heard>()

beforeAll(async () => {
  world = await startWorld({ app: clinic, config: { limits: { messageBytes: 1_000 } } })
  const { services } = world.server
  const policy = { allowedOrigins: ['https://app.example.org'], trustedProxies: trustProxies([]) }
  engine = new EngineSockets({
    clock: services.clock,
    ids: () => engineId(services.engine.node),
    others: new OtherNodes(services, testSettings.maxPayload),
    settings: { ...testSettings, maxPayload: 100_000 },
    open: (link) => {
      const one = new Heard(link, repeat)
      heard.set(link.id, one)
      return one
    },
  })
  const settings = {
    ...policy,
    version: '1',
    mode: 'development',
    metricsToken: undefined,
    clientBundle: undefined,
  } as const
  listener = listenOnBun({
    services,
    host: '127.0.0.1',
    port: 0,
    doors: [new SocketIoDoor(services, policy, engine), new NativeDoor(services, policy)],
    fetch: createHttp({ services, metrics: createMetrics(), settings, engines: [engine] }).fetch,
    messageBytes: 100_000,
  })
})
afterAll(async () => {
  engine.stop()
  await listener.close()
  await world[Symbol.asyncDispose]()
})

const address = (query: string) => `${listener.url}/socket.io/?${query}`
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A WebSocket that keeps what it hears until somebody asks. */
class Wire {
  readonly socket: WebSocket
  readonly closed: Promise<number>
  readonly #heard: (string | Uint8Array)[] = []
  #wake: () => void = () => {}

  constructor(query: string) {
    this.socket = new WebSocket(address(query).replace('http', 'ws'))
    this.socket.binaryType = 'arraybuffer'
    this.socket.addEventListener('message', ({ data }) => {
      this.#heard.push(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
      this.#wake()
    })
    this.closed = new Promise((resolve) => this.socket.addEventListener('close', ({ code }) => resolve(code)))
  }

  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) {
      await new Promise((resolve) => this.socket.addEventListener('open', resolve, { once: true }))
    }
    return this
  }

  async next(): Promise<string | Uint8Array> {
    while (this.#heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#heard.shift()!
  }
}

const opensWire = async () => {
  const wire = new Wire('EIO=4&transport=websocket')
  return { wire, opened: JSON.parse(String(await wire.next()).slice(1)) as { readonly sid: string } }
}

const opensPolling = async () => {
  const text = await (await fetch(address('EIO=4&transport=polling'))).text()
  const { sid } = JSON.parse(text.slice(1)) as { sid: string }
  const at = address(`EIO=4&transport=polling&sid=${sid}`)
  return {
    sid,
    text,
    get: (init: RequestInit = {}) => fetch(at, init),
    post: (body: string, headers: Record<string, string> = {}) => fetch(at, { method: 'POST', body, headers }),
    upgrade: () => new Wire(`EIO=4&transport=websocket&sid=${sid}`),
  }
}

type Polled = Awaited<ReturnType<typeof opensPolling>>
const textOf = async (answer: Promise<Response>) => (await answer).text()

const upgraded = async (client: Polled): Promise<Wire> => {
  const wire = await client.upgrade().opened()
  wire.socket.send('2probe')
  expect(await wire.next()).toBe('3probe')
  wire.socket.send('5')
  return wire
}

const ended = async (sid: string): Promise<readonly string[]> => {
  const ends = heard.get(sid)?.ends ?? []
  for (let wait = 0; ends.length === 0 && wait < 200; wait++) await sleep(5)
  return ends
}

describe('opening', () => {
  test('a poll is told of the upgrade, a WebSocket of none', async () => {
    const { sid, text } = await opensPolling()
    const told = { pingInterval: 300, pingTimeout: 200, maxPayload: 100_000 }
    expect(JSON.parse(text.slice(1))).toEqual({ sid, upgrades: ['websocket'], ...told })
    const { wire, opened } = await opensWire()
    expect(opened as object).toEqual({ sid: opened.sid, upgrades: [], ...told })
    wire.socket.close()
    expect(await ended(opened.sid)).toEqual(['transport close'])
  })

  test.each([
    'transport=websocket',
    'EIO=abc&transport=websocket',
    'EIO=4',
    'EIO=4&transport=abc',
    'EIO=4&transport=polling',
  ])('CVE-2023-31125: a WebSocket with ?%s is refused, and the node lives', async (query) => {
    expect(await new Wire(query).closed).not.toBe(1000)
    expect((await opensPolling()).sid).toBeString()
  })

  test('a refused WebSocket is answered in the words of the protocol', async () => {
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
    const headers = { ...upgrade, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    const ask = async (query: string, more: Record<string, string> = {}) => {
      const answer = await fetch(address(query), { headers: { ...headers, ...more } })
      return [answer.status, await answer.json()]
    }
    expect(await ask('EIO=4&transport=__proto__')).toEqual([400, { code: 0, message: 'Transport unknown' }])
    expect(await ask('EIO=4&transport=websocket&sid=x')).toEqual([400, { code: 1, message: 'Session ID unknown' }])
    expect(await ask('EIO=3&transport=websocket')).toEqual([400, { code: 5, message: 'Unsupported protocol version' }])
    const evil = { origin: 'https://evil.example' }
    expect(await ask('EIO=4&transport=websocket', evil)).toEqual([403, { code: 4, message: 'Forbidden' }])
  })
})

describe('messages', () => {
  test('text and bytes over polling', async () => {
    const client = await opensPolling()
    expect(await textOf(client.post('4hello\x1ebAQIDBA==\x1e4€'))).toBe('ok')
    expect(await textOf(client.get())).toBe('4hello\x1ebAQIDBA==\x1e4€')
  })

  test('text and bytes over a WebSocket', async () => {
    const { wire } = await opensWire()
    wire.socket.send('4hello')
    wire.socket.send(Uint8Array.from([1, 2, 3, 4]))
    expect([await wire.next(), await wire.next()]).toEqual(['4hello', Uint8Array.from([1, 2, 3, 4])])
    wire.socket.close()
  })

  test('what is no packet ends the session, over either', async () => {
    const client = await opensPolling()
    expect((await client.post('abc')).status).toBe(400)
    expect((await client.get()).status).toBe(400)
    const { wire, opened } = await opensWire()
    wire.socket.send('abc')
    await wire.closed
    expect(await ended(opened.sid)).toEqual(['parse error'])
  })

  test('a WebSocket of this door may say more than a native one, but no more than maxPayload', async () => {
    const { wire, opened } = await opensWire()
    const large = '4'.padEnd(90_000, 'x')
    wire.socket.send(large)
    expect(await wire.next()).toBe(large)
    wire.socket.send('4'.padEnd(100_001, 'x'))
    await wire.closed
    expect(heard.get(opened.sid)?.messages.length).toBe(1)
    const native = new WebSocket(`${listener.url.replace('http', 'ws')}/v1/websocket`)
    const code = new Promise((resolve) => native.addEventListener('close', (event) => resolve(event.code)))
    native.addEventListener('open', () => native.send('x'.repeat(1_001)))
    expect(await code).toBe(1009)
  })
})

describe('one poll and one post', () => {
  test('a second poll: the first hears the close, all others are refused', async () => {
    const client = await opensPolling()
    const [first, second] = await Promise.all([client.get(), sleep(5).then(() => client.get())])
    expect([first.status, await first.text(), second.status]).toEqual([200, '1', 400])
    expect((await client.get()).status).toBe(400)
  })

  test('a poll that is aborted takes the session with it', async () => {
    const client = await opensPolling()
    const controller = new AbortController()
    const poll = client.get({ signal: controller.signal }).catch(() => undefined)
    await sleep(5)
    controller.abort()
    expect((await client.get()).status).toBe(400)
    await poll
    expect(await ended(client.sid)).toEqual(['transport error'])
  })

  test('a close packet releases the poll with a noop', async () => {
    const client = await opensPolling()
    const poll = client.get()
    await sleep(5)
    expect(await textOf(client.post('1'))).toBe('ok')
    expect(await textOf(poll)).toBe('6')
    expect((await client.get()).status).toBe(400)
  })

  test('a close packet closes a WebSocket', async () => {
    const { wire } = await opensWire()
    wire.socket.send('1')
    expect(await wire.closed).toBe(1000)
  })
})

describe('heartbeats', () => {
  test('a poll brings the ping, a post takes the pong', async () => {
    const client = await opensPolling()
    for (let round = 0; round < 2; round++) {
      expect(await textOf(client.get())).toBe('2')
      expect((await client.post('3')).status).toBe(200)
    }
  })

  test('who is silent for interval and timeout is gone, over either', async () => {
    const [client, { wire }] = await Promise.all([opensPolling(), opensWire()])
    await sleep(500)
    expect((await client.get()).status).toBe(400)
    await wire.closed
    expect(await ended(client.sid)).toEqual(['ping timeout'])
  })
})

describe('upgrading', () => {
  test('probe, noop, upgrade', async () => {
    const client = await opensPolling()
    const wire = await client.upgrade().opened()
    wire.socket.send('2probe')
    expect(await wire.next()).toBe('3probe')
    expect(await textOf(client.get())).toBe('6')
    wire.socket.send('5')
    wire.socket.send('4hello')
    expect(await wire.next()).toBe('4hello')
    wire.socket.close()
  })

  test('afterwards polls and second WebSockets are refused, and the first goes on', async () => {
    const client = await opensPolling()
    const wire = await upgraded(client)
    const second = client.upgrade()
    await second.opened()
    await second.closed
    const refused = await client.get()
    expect([refused.status, await refused.json()]).toEqual([400, { code: 3, message: 'Bad request' }])
    expect((await client.post('4no')).status).toBe(400)
    expect((await client.post('4no', { 'content-type': 'application/octet-stream' })).status).toBe(400)
    wire.socket.send('4hello')
    expect(await wire.next()).toBe('4hello')
    wire.socket.close()
  })

  test('under traffic both ways nothing is lost, doubled or reordered', async () => {
    const count = 60
    const got: string[] = []
    const client = await opensPolling()
    const take = (payload: string) => {
      for (const packet of payload.split('\x1e')) if (packet.startsWith('4')) got.push(packet.slice(1))
    }
    let sent = 0
    const wire = client.upgrade()
    let paused = false
    const polling = (async () => {
      while (!paused) take(await textOf(client.get()))
    })()
    const probing = (async () => {
      await wire.opened()
      wire.socket.send('2probe')
      expect(await wire.next()).toBe('3probe')
      paused = true
    })()
    while (!paused && sent < count / 2) await client.post(`4up${sent++}`)
    await probing
    await polling
    wire.socket.send('5')
    while (sent < count) wire.socket.send(`4up${sent++}`)
    while (got.length < count) take(String(await wire.next()))
    const all = Array.from({ length: count }, (_, index) => `up${index}`)
    expect([got, heard.get(client.sid)?.messages]).toEqual([all, all])
    wire.socket.close()
  })
})

/** A connection by hand, to be cut without a goodbye. */
const raw = async (lines: readonly string[]): Promise<Socket> => {
  const { hostname, port } = new URL(listener.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  await sleep(10)
  return socket
}

describe('CVE-2022-41940: a connection that is reset', () => {
  const complaints: unknown[] = []
  const complain = (error: unknown) => complaints.push(error)
  beforeAll(() => {
    process.on('unhandledRejection', complain)
    process.on('uncaughtException', complain)
  })
  afterAll(() => {
    process.off('unhandledRejection', complain)
    process.off('uncaughtException', complain)
  })

  test.each([
    ['in a poll', 'GET', []],
    ['in a post', 'POST', ['Content-Length: 5000', '', '4half']],
    ['in a post of chunks', 'POST', ['Transfer-Encoding: chunked', '', '5', '4half']],
  ])('%s ends the session and nothing else', async (_, method, rest) => {
    const { sid } = await opensPolling()
    const target = `/socket.io/?EIO=4&transport=polling&sid=${sid}`
    const socket = await raw([`${method} ${target} HTTP/1.1`, 'Host: x', ...rest])
    socket.resetAndDestroy()
    // Long before a ping would have found it out.
    await sleep(50)
    expect(heard.get(sid)?.ends).toEqual(['transport error'])
    expect(complaints).toEqual([])
  })

  test('in a WebSocket, in its handshake, in a probe: the node lives', async () => {
    const handshake = (query: string) => [
      `GET /socket.io/?EIO=4&transport=websocket${query} HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    const client = await opensPolling()
    for (const query of ['', `&sid=${client.sid}`]) {
      const socket = await raw(handshake(query))
      // Half of a frame.
      socket.write(Buffer.from([0x81, 0xfe, 0xff]))
      await sleep(5)
      socket.resetAndDestroy()
    }
    ;(await raw(handshake('').slice(0, 3))).resetAndDestroy()
    await sleep(20)
    expect(await textOf(client.post('4still here'))).toBe('ok')
    expect(await textOf(client.get())).toBe('4still here')
    expect(complaints).toEqual([])
  })
})
