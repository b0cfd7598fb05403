/**
 * One case for each hole that was found in Socket.IO, Engine.IO and the WebSocket libraries under them: the same input to a
 * server with the conformance application. A case says what went wrong, or nothing. Whoever runs them watches memory.
 */
import { deflateRawSync, gzipSync } from 'node:zlib'
import {
  addressOf,
  connectPolling,
  connectWire,
  openPolling,
  openWire,
  type Place,
} from '../journeys/clients/engine-io.ts'
import { frameWith, rawTo, upgradeRequest } from './raw-http.ts'
import { Dice } from './socketio-packets.ts'

export type Attack = {
  /** The advisory. */
  readonly id: string
  readonly title: string
  /** What went wrong; undefined when nothing did. */
  readonly run: (place: Place) => Promise<string | undefined>
}

const webSocketPath = '/socket.io/?EIO=4&transport=websocket'
const placeholder = (num: unknown) => `{"_placeholder":true,"num":${JSON.stringify(num)}}`

/** Each packet, on a connection of its own, must end it. */
const eachCloses = async (place: Place, packets: readonly (readonly (string | Uint8Array<ArrayBuffer>)[])[]) => {
  for (const packet of packets) {
    const wire = await connectWire(place)
    for (const part of packet) wire.sends(part)
    try {
      await wire.ends()
    } catch (error) {
      return `${JSON.stringify(packet).slice(0, 120)}: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return undefined
}

/** An open WebSocket on which bytes can be written as they are. */
const rawWebSocket = async ({ url }: Place, headers: readonly string[] = []) => {
  const raw = await rawTo(url)
  raw.socket.write(`${upgradeRequest(url, webSocketPath, headers)}\r\n`)
  await raw.hears(/"maxPayload":\d+\}/, 5_000)
  return raw
}

const fragments: Attack = {
  id: 'CVE-2026-48779',
  title: 'ws: a message of endless tiny fragments',
  run: async (place) => {
    using raw = await rawWebSocket(place)
    raw.socket.write(frameWith(0x01, Buffer.from('4')))
    const thousand = Buffer.concat(Array.from({ length: 1_000 }, () => frameWith(0x00, Buffer.from('x'))))
    for (let sent = 0; sent < 131 && !raw.socket.destroyed; sent++) raw.socket.write(thousand)
    return (await raw.ended(5_000)) ? undefined : '131,000 fragments were taken'
  },
}

const strangeMemory: Attack = {
  id: 'GHSA-58qx-3vcg-4xpx',
  title: 'ws: bytes of somebody else’s memory in what is sent',
  run: async (place) => {
    using wire = await connectWire(place)
    const dice = new Dice(58)
    for (let round = 0; round < 200; round++) {
      const bytes = dice.bytes(dice.below(5_000))
      wire.sends(`451-["message",${placeholder(0)}]`)
      wire.sends(bytes)
      await wire.hears()
      const came = await wire.hears()
      if (typeof came === 'string' || Buffer.compare(came, bytes) !== 0)
        return `${bytes.length} bytes came back changed`
    }
    return undefined
  },
}

const manyHeaders: Attack = {
  id: 'CVE-2024-37890',
  title: 'ws: an upgrade with more headers than the server counts',
  run: async ({ url }) => {
    using raw = await rawTo(url)
    const headers = Array.from({ length: 2_000 }, (_, index) => `X-${index}: ${index}`)
    raw.socket.write(`${upgradeRequest(url, webSocketPath, headers)}\r\n`)
    // Taken or refused, it is answered; the server lives.
    const answered = (await raw.hears(/^HTTP\/1\.1 \d{3}/, 5_000)) ?? (await raw.ended(100))
    return answered ? undefined : 'an upgrade with 2,000 headers had no answer'
  },
}

const slowProtocols: Attack = {
  id: 'CVE-2021-32640',
  title: 'ws: a Sec-WebSocket-Protocol that takes long to read',
  run: async ({ url }) => {
    using raw = await rawTo(url)
    const began = performance.now()
    raw.socket.write(`${upgradeRequest(url, webSocketPath, [`Sec-WebSocket-Protocol: b${' '.repeat(12_000)}x`])}\r\n`)
    await raw.hears(/^HTTP\/1\.1 \d{3}/, 5_000)
    const took = performance.now() - began
    return took < 1_000 ? undefined : `it took ${Math.round(took)} ms`
  },
}

const strangeExtension: Attack = {
  id: 'GHSA-5v72-xg48-5rpm',
  title: 'ws: an extension by the name of what every object has',
  run: async ({ url }) => {
    for (const name of ['constructor', '__proto__', 'toString; constructor', 'permessage-deflate; constructor=1']) {
      using raw = await rawTo(url)
      raw.socket.write(`${upgradeRequest(url, webSocketPath, [`Sec-WebSocket-Extensions: ${name}`])}\r\n`)
      const answered = (await raw.hears(/^HTTP\/1\.1 \d{3}/, 5_000)) ?? (await raw.ended(100))
      if (!answered) return `${name} had no answer`
    }
    return undefined
  },
}

/** 60 KB that would be 60 MB. */
const bomb = () => deflateRawSync(Buffer.alloc(60_000_000, 'x'))

const inflation = (id: string, title: string, headers: readonly string[]): Attack => ({
  id,
  title,
  run: async (place) => {
    using raw = await rawWebSocket(place, headers)
    // The message and the reserved bit that says that it is compressed.
    raw.socket.write(frameWith(0xc1, bomb()))
    return (await raw.ended(5_000)) ? undefined : 'a compressed message beyond the limit was taken'
  },
})

const packedBody: Attack = {
  id: 'python-websockets-407',
  title: 'websockets: the limit does not hold for what is inflated; here a compressed body of a post',
  run: async (place) => {
    const polling = await openPolling(place)
    const body = new Uint8Array(gzipSync(Buffer.alloc(60_000_000, '4')))
    const response = await polling.post(body, { 'content-encoding': 'gzip' }).catch(() => undefined)
    return response?.status === 200 ? 'a compressed body beyond the limit was taken' : undefined
  },
}

const craftedMemory: Attack = {
  id: 'CVE-2026-69185',
  title: 'socket.io-parser: packets made to take memory',
  run: async (place) => {
    const digits = '9'.repeat(500_000)
    return eachCloses(place, [
      [`45${digits}-["message"]`],
      [`42${digits}["message"]`.slice(0, 900_000)],
      [`45${digits}`],
      [`42/${'n'.repeat(900_000)},["message"]`],
      [`42["message",${'['.repeat(900_000)}`],
      [`42["message",${'{"a":'.repeat(150_000)}`],
    ])
  },
}

const manyAttachments: Attack = {
  id: 'CVE-2026-33151',
  title: 'socket.io-parser: any number of binary attachments',
  run: (place) =>
    eachCloses(place, [
      ['4511-["message"]'],
      ['451000000-["message"]'],
      ['4511-["message"]', ...Array.from({ length: 12 }, () => new Uint8Array(1_000))],
      // As many as are allowed, each as large as is allowed.
      ['4510-["message"]', ...Array.from({ length: 10 }, () => new Uint8Array(999_999))],
    ]),
}

const strangeNames: Attack = {
  id: 'CVE-2023-32695',
  title: 'socket.io-parser: a name that is no text ends the process',
  run: (place) =>
    eachCloses(place, [
      ['42[{"toString":"foo"}]'],
      ['42[{"toString":null}]'],
      ['42[null]'],
      ['42[["message"]]'],
      [`451-[${placeholder(0)}]`, new Uint8Array(3)],
    ]),
}

const longNumbers: Attack = {
  id: 'CVE-2020-36049',
  title: 'socket.io-parser: a long number is put together a digit at a time',
  run: async (place) => {
    const began = performance.now()
    const fault = await eachCloses(place, [[`42${'1'.repeat(990_000)}`], [`45${'1'.repeat(990_000)}`]])
    const took = performance.now() - began
    return fault ?? (took < 2_000 ? undefined : `it took ${Math.round(took)} ms`)
  },
}

const strangePlaceholders: Attack = {
  id: 'CVE-2022-2421',
  title: 'socket.io-parser: a placeholder that names a method of the list',
  run: (place) =>
    eachCloses(
      place,
      ['splice', 'length', -1, 1, 1e21, '0', null, { toString: 1 }, [0]].map((num) => [
        `451-["message",${placeholder(num)}]`,
        new Uint8Array(3),
      ]),
    ),
}

const errorEvent: Attack = {
  id: 'CVE-2024-38355',
  title: 'socket.io: an event by the name of error ends the process',
  run: async (place) => {
    using wire = await connectWire(place)
    for (const name of ['error', 'newListener ', 'uncaughtException', '__proto__', 'hasOwnProperty']) {
      wire.sends(`42["${name}","x"]`)
      wire.sends(`42["${name}"]`)
    }
    wire.sends('42["message","alive"]')
    for (;;) if ((await wire.hears()) === '42["message-back","alive"]') return undefined
  },
}

const badBinaryPost: Attack = {
  id: 'CVE-2026-59725',
  title: 'engine.io: a binary post that is none',
  run: async (place) => {
    for (const [type, body] of [
      ['application/octet-stream', new Uint8Array([0, 255, 255, 255, 255, 4])],
      ['application/octet-stream', new Uint8Array(0)],
      ['application/octet-stream', new Uint8Array([1, 9, 9, 9, 9, 9, 9, 255])],
      ['text/plain', new Uint8Array([0xff, 0xfe, 0x00, 0xd8])],
      ['multipart/form-data', new TextEncoder().encode('4')],
      ['', new TextEncoder().encode('b!!!!')],
    ] as const) {
      const polling = await openPolling(place)
      const response = await polling.post(body, { 'content-type': type }).catch(() => undefined)
      if (response && response.status >= 500) return `${type} was answered with ${response.status}`
    }
    return undefined
  },
}

const queries: Attack = {
  id: 'CVE-2023-31125',
  title: 'engine.io: a request that no client makes ends the process',
  run: async (place) => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '%', '%00', '[]', 'a'.repeat(5_000)]
    for (const query of [
      ...names.map((name) => `EIO=4&transport=polling&sid=${name}`),
      ...names.map((name) => `EIO=4&transport=${name}`),
      ...names.map((name) => `EIO=${name}&transport=polling&sid=1`),
      'EIO=4&EIO=3&transport=polling&transport=websocket&sid=1&sid=2',
      'EIO[]=4&transport[]=polling&sid[]=1',
    ]) {
      using raw = await rawTo(place.url)
      for (const end of [
        '',
        `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n`,
      ]) {
        raw.socket.write(`GET /socket.io/?${query} HTTP/1.1\r\nHost: x\r\n${end}\r\n`)
      }
      const answer = (await raw.hears(/^HTTP\/1\.1 \d{3}/, 5_000)) ?? ''
      // An empty id is none: that is no attack but a new session.
      if (!/^HTTP\/1\.1 (4\d\d|200)/.test(answer))
        return `${query.slice(0, 80)} was answered with ${answer.slice(0, 40)}`
    }
    return undefined
  },
}

const resets: Attack = {
  id: 'CVE-2022-41940',
  title: 'engine.io: a connection that is reset ends the process',
  run: async (place) => {
    const polling = await openPolling(place)
    const poll = `/socket.io/?EIO=4&transport=polling&sid=${polling.opened.sid}`
    const beginnings = [
      'GET /socket.io/?EIO=4',
      'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n',
      `GET ${poll} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `POST ${poll} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n42[`,
      `${upgradeRequest(place.url, webSocketPath)}\r\n`,
      upgradeRequest(place.url, webSocketPath),
    ]
    for (let round = 0; round < 20; round++) {
      for (const text of beginnings) {
        const raw = await rawTo(place.url)
        raw.socket.write(text)
        if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        raw.socket.resetAndDestroy()
      }
    }
    return undefined
  },
}

const hugePosts: Attack = {
  id: 'CVE-2020-36048',
  title: 'engine.io: posts that are long, or say that they are',
  run: async (place) => {
    const sessions = await Promise.all(Array.from({ length: 30 }, () => openPolling(place)))
    const body = `4${'x'.repeat(3_000_000)}`
    const statuses = await Promise.all(
      sessions.map((polling) =>
        polling.post(body).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    )
    if (statuses.includes(200)) return 'a body of 3 MB was taken'
    for (const { opened } of sessions) {
      const raw = await rawTo(place.url)
      const path = `/socket.io/?EIO=4&transport=polling&sid=${opened.sid}`
      raw.socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n4`)
      raw.socket.end()
    }
    return undefined
  },
}

const accumulation: Attack = {
  id: 'CVE-2026-48804',
  title: 'python-socketio: attachments that belong to nothing pile up',
  run: async (place) => {
    const fault = await eachCloses(place, [
      [new Uint8Array(1_000)],
      ['451-["message"]', new Uint8Array(1_000), new Uint8Array(1_000)],
      [`452-["message",${placeholder(0)},${placeholder(1)}]`, new Uint8Array(1), '451-["message"]', new Uint8Array(1)],
    ])
    if (fault !== undefined) return fault
    // Before any namespace was asked for, nothing may wait at all.
    const { wire } = await openWire(place)
    wire.sends(new Uint8Array(900_000))
    await wire.ends()
    return undefined
  },
}

/** CVE-2020-28481 is about defaults, which the conformance application changes: `socketio-trust` holds a server to them. */
export const attacks: readonly Attack[] = [
  fragments,
  strangeMemory,
  manyHeaders,
  slowProtocols,
  strangeExtension,
  inflation('CVE-2026-1526', 'undici: what is inflated has no bound', [
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  ]),
  inflation('GHSA-hf5h-hh56-3vrg', 'uws: a compressed message is weighed before it is inflated', [
    'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  ]),
  packedBody,
  craftedMemory,
  manyAttachments,
  strangeNames,
  longNumbers,
  strangePlaceholders,
  errorEvent,
  badBinaryPost,
  queries,
  resets,
  hugePosts,
  accumulation,
]

/** Why the server is not well after an attack; undefined when it is. */
export const isHarmed = async (place: Place): Promise<string | undefined> => {
  try {
    using wire = await connectWire(place)
    wire.sends('42["message","alive"]')
    const answer = await wire.hears()
    if (answer !== '42["message-back","alive"]') return `it answered ${String(answer)}`
    const polling = await connectPolling(place)
    await polling.says('1')
    const page = await fetch(addressOf(place, 'EIO=4&transport=polling'))
    return page.ok ? undefined : `it answered ${page.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
