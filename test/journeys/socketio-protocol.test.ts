/** Socket.IO's packets, held to the example by hand: connecting, leaving, events and acknowledgements, and what ends a connection. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Conformance, startConformance } from './clients/conformance.ts'
import { addressOf, connectPolling, connectWire, openPolling, openWire, type Place, Wire } from './clients/engine-io.ts'

let example: Conformance

beforeAll(async () => {
  example = await startConformance()
})
afterAll(() => example?.[Symbol.asyncDispose]())

const place = (): Place => ({ url: example.url })

const attachment = (num: number) => `{"_placeholder":true,"num":${num}}`

describe('connecting', () => {
  const ways = [
    ['the main namespace', '40', '40', '42["auth",{}]'],
    ['the main namespace, by its name', '40/,', '40', '42["auth",{}]'],
    ['the main namespace with a payload', '40{"token":"123"}', '40', '42["auth",{"token":"123"}]'],
    ['another namespace', '40/custom,', '40/custom,', '42/custom,["auth",{}]'],
    ['another namespace, without the comma', '40/custom', '40/custom,', '42/custom,["auth",{}]'],
    [
      'another namespace with a payload',
      '40/custom,{"token":"abc"}',
      '40/custom,',
      '42/custom,["auth",{"token":"abc"}]',
    ],
  ] as const
  for (const [name, asked, prefix, greeting] of ways) {
    test(`${name}: the answer has a sid and nothing else, then come events`, async () => {
      const { wire, opened } = await openWire(place())
      wire.sends(asked)
      const answer = String(await wire.hears())
      expect(answer).toStartWith(`${prefix}{`)
      const told = JSON.parse(answer.slice(prefix.length)) as { sid: string }
      expect(told).toEqual({ sid: expect.any(String) })
      // The transport's id is a secret between it and its client; this one may be shown to others.
      expect(told.sid).not.toBe(opened.sid)
      expect(await wire.hears()).toBe(greeting)
      wire[Symbol.dispose]()
    })
  }

  test('over polling too', async () => {
    const polling = await openPolling(place())
    await polling.says('40{"token":"123"}')
    const [answer, greeting] = await polling.packets(2)
    expect(Object.keys(JSON.parse(String(answer).slice(2)))).toEqual(['sid'])
    expect(greeting).toBe('42["auth",{"token":"123"}]')
  })

  test('a namespace that nobody declared is refused with exactly these words, and the connection goes on', async () => {
    const { wire } = await openWire(place())
    wire.sends('40/random')
    expect(await wire.hears()).toBe('44/random,{"message":"Invalid namespace"}')
    wire.sends('40')
    expect(await wire.hears()).toStartWith('40{')
    wire[Symbol.dispose]()
  })

  for (const name of ['/constructor', '/__proto__', '/toString', '/CUSTOM', '/custom/', '//']) {
    test(`${name} is no namespace of anybody`, async () => {
      const { wire } = await openWire(place())
      wire.sends(`40${name},`)
      expect(await wire.hears()).toBe(`44${name},{"message":"Invalid namespace"}`)
      wire[Symbol.dispose]()
    })
  }

  test('two namespaces share one connection, each with an id of its own', async () => {
    const { wire } = await openWire(place())
    wire.sends('40')
    wire.sends('40/custom,')
    const heard = [await wire.hears(), await wire.hears(), await wire.hears(), await wire.hears()].map(String)
    expect(heard.filter((packet) => packet.startsWith('42')).sort()).toEqual(['42/custom,["auth",{}]', '42["auth",{}]'])
    const ids = heard.flatMap((packet) => /"sid":"([^"]+)"/.exec(packet)?.[1] ?? [])
    expect(new Set(ids).size).toBe(2)
    wire[Symbol.dispose]()
  })

  test('a first packet that is none closes the connection', async () => {
    const { wire } = await openWire(place())
    wire.sends('4abc')
    await wire.ends()
  })

  test('who asks for no namespace in connectTimeout is closed', async () => {
    const began = performance.now()
    const { wire } = await openWire(place())
    await wire.ends()
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})

describe('leaving', () => {
  test('the main namespace is left without an answer, and the connection stays', async () => {
    using wire = await connectWire(place())
    wire.sends('41')
    expect(await wire.next()).toBe('2')
    wire.sends('3')
    expect(await wire.next()).toBe('2')
  })

  test('one namespace is left, the other goes on', async () => {
    using wire = await connectWire(place())
    wire.sends('40/custom')
    expect(await wire.hears()).toStartWith('40/custom,{')
    await wire.hears()
    wire.sends('41/custom')
    wire.sends('42["message","message to main namespace"]')
    expect(await wire.hears()).toBe('42["message-back","message to main namespace"]')
  })

  test('a namespace that was left can be asked for again', async () => {
    using wire = await connectWire(place())
    wire.sends('41')
    wire.sends('40{"again":true}')
    expect(await wire.hears()).toStartWith('40{')
    expect(await wire.hears()).toBe('42["auth",{"again":true}]')
  })
})

describe('events and acknowledgements', () => {
  test('several arguments of every kind of JSON', async () => {
    using wire = await connectWire(place())
    wire.sends('42["message",1,"2",{"3":[true]},null,-1.5e10]')
    expect(await wire.hears()).toBe('42["message-back",1,"2",{"3":[true]},null,-15000000000]')
  })

  test('an event without arguments', async () => {
    using wire = await connectWire(place())
    wire.sends('42["message"]')
    expect(await wire.hears()).toBe('42["message-back"]')
  })

  test('binary attachments come back in their places', async () => {
    using wire = await connectWire(place())
    wire.sends(`452-["message",${attachment(0)},${attachment(1)}]`)
    wire.sends(Uint8Array.of(1, 2, 3))
    wire.sends(Uint8Array.of(4, 5, 6))
    expect(await wire.hears()).toBe(`452-["message-back",${attachment(0)},${attachment(1)}]`)
    expect(await wire.hears()).toEqual(Uint8Array.of(1, 2, 3))
    expect(await wire.hears()).toEqual(Uint8Array.of(4, 5, 6))
  })

  test('binary deep inside an object, and empty binary', async () => {
    using wire = await connectWire(place())
    wire.sends(`452-["message",{"deep":[{"a":${attachment(0)}},${attachment(1)}]}]`)
    wire.sends(Uint8Array.of(9))
    wire.sends(new Uint8Array(0))
    expect(await wire.hears()).toBe(`452-["message-back",{"deep":[{"a":${attachment(0)}},${attachment(1)}]}]`)
    expect(await wire.hears()).toEqual(Uint8Array.of(9))
    expect(await wire.hears()).toEqual(new Uint8Array(0))
  })

  test('an acknowledgement repeats the id that it answers', async () => {
    using wire = await connectWire(place())
    wire.sends('42456["message-with-ack",1,"2",{"3":[false]}]')
    expect(await wire.hears()).toBe('43456[1,"2",{"3":[false]}]')
  })

  test('an acknowledgement with binary', async () => {
    using wire = await connectWire(place())
    wire.sends(`452-789["message-with-ack",${attachment(0)},${attachment(1)}]`)
    wire.sends(Uint8Array.of(1, 2, 3))
    wire.sends(Uint8Array.of(4, 5, 6))
    expect(await wire.hears()).toBe(`462-789[${attachment(0)},${attachment(1)}]`)
    expect(await wire.hears()).toEqual(Uint8Array.of(1, 2, 3))
    expect(await wire.hears()).toEqual(Uint8Array.of(4, 5, 6))
  })

  test('the first id is 0, and in another namespace it counts anew', async () => {
    using wire = await connectWire(place())
    wire.sends('420["message-with-ack"]')
    expect(await wire.hears()).toBe('430[]')
  })

  test('many messages at once are answered in order', async () => {
    using wire = await connectWire(place())
    for (let n = 0; n < 50; n++) wire.sends(`42["message",${n}]`)
    for (let n = 0; n < 50; n++) expect(await wire.hears()).toBe(`42["message-back",${n}]`)
  })

  test('an acknowledgement that nobody waits for is ignored', async () => {
    using wire = await connectWire(place())
    wire.sends('4399["?"]')
    wire.sends('42["message","alive"]')
    expect(await wire.hears()).toBe('42["message-back","alive"]')
  })
})

describe('what ends a connection', () => {
  const malformed = [
    ['an unknown kind of packet', '4abc'],
    ['a payload that is no list', '42{}'],
    ['an acknowledgement id that is no number', '42abc["message-with-ack",1,"2",{"3":[false]}]'],
    ['an empty list', '42[]'],
    ['a name that is no text', '42[null]'],
    ['a name that the client library keeps for itself', '42["connect"]'],
    ['half a list', '42["message"'],
    ['no payload', '42'],
    ['a kind of packet beyond the last', '47'],
    ['a connect that is no object', '40"token"'],
    ['a disconnect with a payload', '41{}'],
    ['more attachments than ten', '4511-["message"]'],
    ['attachments without a dash', '451["message"]'],
    ['text where an attachment is due', `451-["message",${attachment(0)}]|42["message"]`],
    ['an attachment that nothing announced', '|bytes'],
    ['a placeholder that points at nothing', `451-["message",${attachment(7)}]|bytes`],
    ['a placeholder whose number is a name', '451-["message",{"_placeholder":true,"num":"splice"}]|bytes'],
  ] as const
  for (const [name, sent] of malformed) {
    test(name, async () => {
      using wire = await connectWire(place())
      for (const part of sent.split('|')) {
        if (part === 'bytes') wire.sends(Uint8Array.of(1, 2, 3))
        else if (part !== '') wire.sends(part)
      }
      await wire.ends()
    })
  }

  test('the same over polling', async () => {
    const polling = await connectPolling(place())
    await polling.post('42{}')
    await Bun.sleep(20)
    // A poll may still be told that it is the last.
    const last = await polling.get()
    if (last.status === 200) expect(await last.text()).toMatch(/(^|\u001e)[16]$/)
    expect((await polling.get()).status).toBe(400)
  })

  test('an event before the namespace was joined', async () => {
    const { wire } = await openWire(place())
    wire.sends('42["message","who is this?"]')
    await wire.ends()
  })

  test('none of it harms anybody else', async () => {
    using other = await connectWire(place())
    for (const packet of ['4abc', '42{}', '4511-["message"]']) {
      using wire = await connectWire(place())
      wire.sends(packet)
      await wire.ends()
    }
    other.sends('42["message","alive"]')
    expect(await other.hears()).toBe('42["message-back","alive"]')
  })
})

describe('the browser’s client', () => {
  for (const file of ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.js.map']) {
    test(`is served as ${file}`, async () => {
      const response = await fetch(`${example.url}/socket.io/${file}`)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toMatch(file.endsWith('.map') ? /json/ : /javascript/)
      const etag = response.headers.get('etag')
      expect((await response.text()).length).toBeGreaterThan(10_000)
      expect(etag).toBeTruthy()
      const again = await fetch(`${example.url}/socket.io/${file}`, { headers: { 'if-none-match': String(etag) } })
      expect(again.status).toBe(304)
    })
  }

  test('nothing else of the disk is', async () => {
    for (const path of ['../package.json', '..%2fpackage.json', 'socket.io.js%00', 'socket.io.msgpack.min.js.exe']) {
      expect((await fetch(`${example.url}/socket.io/${path}`)).status).toBeGreaterThanOrEqual(400)
    }
  })
})

test('a WebSocket that asks for a path beside ours opens no session', async () => {
  const stray = new Wire({ url: example.url, path: '/socket.io.evil/' })
  expect(await stray.closed).toHaveProperty('code')
  expect(addressOf(place(), '')).toBe(`${example.url}/socket.io/?`)
})
