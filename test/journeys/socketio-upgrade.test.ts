/** From polling to a WebSocket, held to the example by hand-made packets; and Engine.IO without Socket.IO, both ways. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Conformance, startConformance } from './clients/conformance.ts'
import { addressOf, connectPolling, openPolling, openWire, type Place, separator } from './clients/engine-io.ts'

let example: Conformance

beforeAll(async () => {
  example = await startConformance()
})
afterAll(() => example?.[Symbol.asyncDispose]())

const place = (): Place => ({ url: example.url })
const settled = { pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 }

/** A session is gone when its id means nothing any more. */
const isGone = async (session: { get(): Promise<Response> }) => {
  const response = await session.get()
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ code: 1, message: 'Session ID unknown' })
}

describe('upgrading', () => {
  test('probe, noop, upgrade: then the WebSocket carries the session', async () => {
    const polling = await connectPolling(place())
    const wire = polling.upgrade()
    await wire.opened()
    wire.sends('2probe')
    expect(await wire.next()).toBe('3probe')
    expect(await polling.hears()).toBe('6')
    wire.sends('5')
    wire.sends('42["message","hello"]')
    expect(await wire.hears()).toBe('42["message-back","hello"]')
    wire[Symbol.dispose]()
  })

  test('a poll that waits during the probe is released', async () => {
    const polling = await connectPolling(place())
    const poll = polling.hears()
    const wire = polling.upgrade()
    await wire.opened()
    wire.sends('2probe')
    expect(await wire.next()).toBe('3probe')
    expect(await poll).toBe('6')
    wire[Symbol.dispose]()
  })

  test('after it, polls of the session are refused and the WebSocket goes on', async () => {
    const polling = await connectPolling(place())
    using wire = await polling.upgraded()
    await Bun.sleep(20)
    expect((await polling.get()).status).toBe(400)
    expect((await polling.post('42["message","lost"]')).status).toBe(400)
    wire.sends('42["message","kept"]')
    expect(await wire.hears()).toBe('42["message-back","kept"]')
  })

  test('after it, a second WebSocket of the session is closed and the first goes on', async () => {
    const polling = await connectPolling(place())
    using wire = await polling.upgraded()
    await polling.upgrade().closed
    wire.sends('42["message","kept"]')
    expect(await wire.hears()).toBe('42["message-back","kept"]')
  })

  test('a WebSocket that gives up before the end leaves the polling session as it was', async () => {
    const polling = await connectPolling(place())
    const wire = polling.upgrade()
    await wire.opened()
    wire.sends('2probe')
    await wire.next()
    wire[Symbol.dispose]()
    await wire.closed
    await polling.says('42["message","still here"]')
    const heard = await polling.packets(1)
    expect(heard[0] === '6' ? await polling.packets(1) : heard).toEqual(['42["message-back","still here"]'])
  })

  test('a WebSocket that probes with something else is closed', async () => {
    const polling = await connectPolling(place())
    const wire = polling.upgrade()
    await wire.opened()
    wire.sends('42["message","too early"]')
    await wire.ends()
  })

  test('what waits for a poll as the WebSocket takes over comes on the WebSocket', async () => {
    const polling = await connectPolling(place())
    const wire = polling.upgrade()
    await wire.opened()
    wire.sends('2probe')
    expect(await wire.next()).toBe('3probe')
    expect(await polling.hears()).toBe('6')
    await polling.says('42["message",1]\u001e451-["message",{"_placeholder":true,"num":0}]\u001ebAQI=')
    await Bun.sleep(20)
    wire.sends('5')
    wire.sends('42["message",2]')
    expect([await wire.hears(), await wire.hears(), await wire.hears(), await wire.hears()]).toEqual([
      '42["message-back",1]',
      '451-["message-back",{"_placeholder":true,"num":0}]',
      Uint8Array.of(1, 2),
      '42["message-back",2]',
    ])
    wire[Symbol.dispose]()
  })

  test('what is under way while the transports change arrives once and in order', async () => {
    const polling = await connectPolling(place())
    const heard: string[] = []
    const wire = polling.upgrade()
    await wire.opened()
    await polling.says([1, 2, 3].map((n) => `42["message",${n}]`).join(separator))
    wire.sends('2probe')
    expect(await wire.next()).toBe('3probe')
    await polling.says('42["message",4]')
    while (heard.at(-1) !== '6') {
      const packets = (await polling.hears()).split(separator).filter((packet) => packet !== '2')
      heard.push(...packets)
      // The noop may come alone, or not at all behind what waited: then the next poll has it.
      if (packets.includes('6')) break
    }
    wire.sends('5')
    for (const n of [5, 6]) wire.sends(`42["message",${n}]`)
    while (!heard.includes('42["message-back",6]')) heard.push(String(await wire.hears()))
    expect(heard.filter((packet) => packet !== '6')).toEqual([1, 2, 3, 4, 5, 6].map((n) => `42["message-back",${n}]`))
    wire[Symbol.dispose]()
  })
})

describe('Engine.IO without Socket.IO, at a path of its own', () => {
  const plain = (): Place => ({ url: example.url, path: '/engine.io/' })

  test('it opens as the other does', async () => {
    const polling = await openPolling(plain())
    expect(polling.opened).toEqual({ sid: expect.any(String), upgrades: ['websocket'], ...settled })
    const { wire, opened } = await openWire(plain())
    expect(opened).toEqual({ sid: expect.any(String), upgrades: [], ...settled })
    wire[Symbol.dispose]()
    expect((await fetch(addressOf(plain(), 'transport=polling'))).status).toBe(400)
    expect((await fetch(addressOf(plain(), 'EIO=4&transport=abc'))).status).toBe(400)
    expect((await fetch(addressOf(plain(), 'EIO=4&transport=polling'), { method: 'POST' })).status).toBe(400)
  })

  for (const [name, body] of [
    ['one packet', '4hello'],
    ['several packets', '4test1\u001e4test2\u001e4test3'],
    ['text and binary', '4hello\u001ebAQIDBA=='],
  ] as const) {
    test(`${name} over polling: the next poll brings all of it`, async () => {
      const polling = await openPolling(plain())
      await polling.says(body)
      expect(await polling.hears()).toBe(body)
    })
  }

  test('text and binary over a WebSocket', async () => {
    const { wire } = await openWire(plain())
    wire.sends('4hello')
    wire.sends(Uint8Array.of(1, 2, 3, 4))
    expect([await wire.hears(), await wire.hears()]).toEqual(['4hello', Uint8Array.of(1, 2, 3, 4)])
    wire.sends('abc')
    await wire.ends()
  })

  test('what is no packet ends a polling session, and so do a second poll and one that is given up', async () => {
    const [wrong, doubled, left] = await Promise.all([1, 2, 3].map(() => openPolling(plain())))
    expect((await wrong!.post('abc')).status).toBe(400)
    await isGone(wrong!)
    const first = doubled!.get()
    await Bun.sleep(5)
    expect([400, 500]).toContain((await doubled!.get()).status)
    expect(await (await first).text()).toBe('1')
    await isGone(doubled!)
    const given = new AbortController()
    const poll = left!.get({ signal: given.signal }).catch(() => {})
    await Bun.sleep(5)
    given.abort()
    await poll
    await Bun.sleep(5)
    await isGone(left!)
  })

  test('an upgrade carries the session over; polls and a second WebSocket of it are refused', async () => {
    const polling = await openPolling(plain())
    using wire = await polling.upgraded()
    wire.sends('4hello')
    expect(await wire.hears()).toBe('4hello')
    expect((await polling.get()).status).toBe(400)
    await polling.upgrade().closed
    wire.sends('4again')
    expect(await wire.hears()).toBe('4again')
  })

  test('a session of one path means nothing at the other', async () => {
    const polling = await openPolling(plain())
    const elsewhere = addressOf(place(), `EIO=4&transport=polling&sid=${polling.opened.sid}`)
    expect((await fetch(elsewhere)).status).toBe(400)
    await polling.says('4still here')
    expect(await polling.hears()).toBe('4still here')
  })
})
