/** Engine.IO as its clients know it, held to the example by hand-made packets: sessions, polling, WebSockets, heartbeats. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type Conformance, startConformance } from './clients/conformance.ts'
import {
  addressOf,
  connectPolling,
  connectWire,
  openPolling,
  openWire,
  type Place,
  readOpen,
  separator,
  Wire,
} from './clients/engine-io.ts'

let example: Conformance

beforeAll(async () => {
  example = await startConformance()
})
afterAll(() => example?.[Symbol.asyncDispose]())

const place = (): Place => ({ url: example.url })
const ask = (query: string, init: RequestInit = {}) => fetch(addressOf(place(), query), init)
const settled = { pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 }

/** A session is gone when its id means nothing any more. */
const isGone = async (session: { get(): Promise<Response> }) => {
  const response = await session.get()
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ code: 1, message: 'Session ID unknown' })
}

describe('opening', () => {
  test('a poll without a session opens one, and says what it will be like', async () => {
    const response = await ask('EIO=4&transport=polling')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/i)
    const opened = readOpen(await response.text())
    expect(opened).toEqual({ sid: expect.any(String), upgrades: ['websocket'], ...settled })
    expect(opened.sid.length).toBeGreaterThanOrEqual(16)
  })

  test('a WebSocket opens one too, with nothing to upgrade to', async () => {
    const { wire, opened } = await openWire(place())
    expect(opened).toEqual({ sid: expect.any(String), upgrades: [], ...settled })
    wire[Symbol.dispose]()
  })

  test('no two sessions have the same id', async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => openPolling(place())))
    expect(new Set(sessions.map(({ opened }) => opened.sid)).size).toBe(20)
  })

  const refused: readonly (readonly [string, string, object])[] = [
    ['no protocol version', 'transport=polling', { code: 5 }],
    ['a version that is none', 'EIO=abc&transport=polling', { code: 5 }],
    ['the version before this one', 'EIO=3&transport=polling', { code: 5 }],
    ['no transport', 'EIO=4', { code: 0 }],
    ['a transport that is none', 'EIO=4&transport=abc', { code: 0 }],
    ['the name of what every object has', 'EIO=4&transport=constructor', { code: 0 }],
    ['a session that nobody opened', 'EIO=4&transport=polling&sid=nobody', { code: 1 }],
  ]
  for (const [name, query, problem] of refused) {
    test(`${name} is refused, by the number that clients know`, async () => {
      const response = await ask(query)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ ...problem, message: expect.any(String) })
    })
  }

  for (const method of ['POST', 'PUT', 'DELETE']) {
    test(`${method} opens nothing`, async () => {
      expect((await ask('EIO=4&transport=polling', { method })).status).toBe(400)
    })
  }

  const closed = [
    ['transport=websocket', 'no protocol version'],
    ['EIO=abc&transport=websocket', 'a version that is none'],
    ['EIO=4', 'no transport'],
    ['EIO=4&transport=abc', 'a transport that is none'],
    ['EIO=4&transport=websocket&sid=nobody', 'a session that nobody opened'],
  ] as const
  for (const [query, name] of closed) {
    test(`a WebSocket with ${name} is closed`, async () => {
      expect(await new Wire(place(), query).closed).toHaveProperty('code')
    })
  }

  test('pages of any origin may connect, which this example allows', async () => {
    const origin = 'https://elsewhere.example'
    const response = await ask('EIO=4&transport=polling', { headers: { origin } })
    expect(['*', origin]).toContain(response.headers.get('access-control-allow-origin') ?? '')
    const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
    const preflight = await ask('EIO=4&transport=polling', { method: 'OPTIONS', headers: asked })
    expect([200, 204]).toContain(preflight.status)
    expect(['*', origin]).toContain(preflight.headers.get('access-control-allow-origin') ?? '')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  })
})

describe('messages over polling', () => {
  test('one packet is taken with ok and answered in the next poll', async () => {
    const polling = await connectPolling(place())
    const response = await polling.post('42["message","hello"]')
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(await polling.packets(1)).toEqual(['42["message-back","hello"]'])
  })

  test('several packets of one body keep their order', async () => {
    const polling = await connectPolling(place())
    await polling.says([1, 2, 3].map((n) => `42["message",${n}]`).join(separator))
    expect(await polling.packets(3)).toEqual([1, 2, 3].map((n) => `42["message-back",${n}]`))
  })

  test('what waits for a poll comes in one body', async () => {
    const polling = await connectPolling(place())
    await polling.says('42["message",1]\u001e42["message",2]')
    await Bun.sleep(50)
    expect(await polling.hears()).toBe('42["message-back",1]\u001e42["message-back",2]')
  })

  test('binary travels as base64, right behind its packet', async () => {
    const polling = await connectPolling(place())
    await polling.says(
      `42["message","text"]${separator}451-["message",{"_placeholder":true,"num":0}]${separator}bAQIDBA==`,
    )
    expect(await polling.packets(3)).toEqual([
      '42["message-back","text"]',
      '451-["message-back",{"_placeholder":true,"num":0}]',
      'bAQIDBA==',
    ])
  })

  test('letters of every language survive', async () => {
    const polling = await connectPolling(place())
    await polling.says('42["message","žluťoučký 🐎 \u2028 \ufeff"]')
    expect(await polling.packets(1)).toEqual(['42["message-back","žluťoučký 🐎 \u2028 \ufeff"]'])
  })

  test('a body that is no packet ends the session', async () => {
    const polling = await openPolling(place())
    expect((await polling.post('abc')).status).toBe(400)
    await isGone(polling)
  })

  test('a second poll ends the session, and the first is told', async () => {
    const polling = await openPolling(place())
    const first = polling.get()
    await Bun.sleep(5)
    const second = await polling.get()
    expect([400, 500]).toContain(second.status)
    const response = await first
    expect([response.status, await response.text()]).toEqual([200, '1'])
    await isGone(polling)
  })

  test('a second post beside a first ends the session', async () => {
    const polling = await openPolling(place())
    const { hostname, port } = new URL(example.url)
    const half = connect(Number(port), hostname)
    const query = `/socket.io/?EIO=4&transport=polling&sid=${polling.opened.sid}`
    half.on('error', () => {})
    half.write(`POST ${query} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 100\r\n\r\n42[`)
    await Bun.sleep(20)
    const response = await polling.post('40')
    half.destroy()
    // A runtime that reads bodies whole never sees the half one: then it is the only post, and the session goes on.
    if (response.status === 200) expect((await polling.packets(2))[0]).toStartWith('40{')
    else await isGone(polling)
  })

  test('a poll that its client gives up ends the session', async () => {
    const polling = await openPolling(place())
    const given = new AbortController()
    const poll = polling.get({ signal: given.signal }).catch(() => {})
    await Bun.sleep(5)
    given.abort()
    await poll
    await Bun.sleep(5)
    await isGone(polling)
  })

  test('a body beyond maxPayload is refused', async () => {
    const polling = await openPolling(place())
    const response = await polling.post(`4${'x'.repeat(1_000_001)}`).catch(() => undefined)
    if (response) expect([400, 413]).toContain(response.status)
    expect((await openPolling(place())).opened.maxPayload).toBe(1_000_000)
  })

  test('answers are not to be cached', async () => {
    const polling = await openPolling(place())
    await polling.says('40')
    expect((await polling.get()).headers.get('cache-control') ?? '').toMatch(/no-store/)
  })
})

describe('messages over a WebSocket', () => {
  test('text comes back', async () => {
    using wire = await connectWire(place())
    wire.sends('42["message","hello"]')
    expect(await wire.hears()).toBe('42["message-back","hello"]')
  })

  test('binary is a raw message', async () => {
    using wire = await connectWire(place())
    wire.sends('451-["message",{"_placeholder":true,"num":0}]')
    wire.sends(Uint8Array.of(1, 2, 3, 4))
    expect(await wire.hears()).toBe('451-["message-back",{"_placeholder":true,"num":0}]')
    expect(await wire.hears()).toEqual(Uint8Array.of(1, 2, 3, 4))
  })

  test('what is no packet closes it', async () => {
    const { wire } = await openWire(place())
    wire.sends('abc')
    await wire.ends()
  })

  test('a message beyond maxPayload closes it', async () => {
    using wire = await connectWire(place())
    wire.sends(`42["message","${'x'.repeat(1_000_001)}"]`)
    await wire.ends()
  })
})

describe('heartbeats', () => {
  test('a poll brings the ping, a post takes the pong', async () => {
    const polling = await openPolling(place())
    for (let round = 0; round < 3; round++) {
      expect(await polling.hears()).toBe('2')
      await polling.says('3')
    }
  })

  test('a polling session that is silent ends', async () => {
    const polling = await openPolling(place())
    await Bun.sleep(settled.pingInterval + settled.pingTimeout)
    expect((await polling.get()).status).toBe(400)
  })

  test('a WebSocket brings pings at their interval and lives as long as they are answered', async () => {
    using wire = await connectWire(place())
    const began = performance.now()
    for (let round = 0; round < 3; round++) {
      expect(await wire.next()).toBe('2')
      wire.sends('3')
    }
    expect(performance.now() - began).toBeGreaterThan(2 * settled.pingInterval)
    wire.sends('42["message","alive"]')
    expect(await wire.hears()).toBe('42["message-back","alive"]')
  })

  test('a WebSocket that answers no ping is closed', async () => {
    const { wire } = await openWire(place())
    const began = performance.now()
    await wire.closed
    expect(performance.now() - began).toBeGreaterThan(settled.pingInterval)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('closing', () => {
  test('a close packet releases the poll with a noop and ends the session', async () => {
    const polling = await openPolling(place())
    const poll = polling.get()
    await Bun.sleep(5)
    expect((await polling.post('1')).status).toBe(200)
    const response = await poll
    expect([response.status, await response.text()]).toEqual([200, '6'])
    await isGone(polling)
  })

  test('a close packet closes a WebSocket', async () => {
    const { wire } = await openWire(place())
    wire.sends('1')
    await wire.ends()
  })
})
