import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { codes, type ErrorCode } from '@fanfare/protocol'
import { type Actor, meaningOf, startWorld, type World } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

let world: World
let ann: Actor

beforeAll(async () => {
  world = await startWorld({
    app: clinic,
    config: { limits: { framesPerSecond: 1e6, framesBurst: 1e6, framesPerSecondPerUser: 1e6 } },
  })
  ann = await world.person('ann')
  await ann.joins('ward:1')
})
afterAll(() => world[Symbol.asyncDispose]())

/** After every attack, somebody who did nothing wrong is served as before. */
const unharmed = async () => {
  const n = Math.floor(Math.random() * 1e9)
  await ann.says('ward:1', 'counted', { n })
  expect((await ann.hears('counted')).data).toEqual({ n })
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const publish = (data: string) => `{"type":"publish","id":1,"room":"ward:1","event":"counted","data":${data}}`
const subscribe = (room: string) => JSON.stringify({ type: 'subscribe', id: 1, room })

const bad: readonly (readonly [string, string, ErrorCode])[] = [
  ['text that is no JSON', '{"type":', 'bad_frame'],
  ['JSON that is no object', '[1]', 'bad_frame'],
  ['an object without a type', '{}', 'bad_frame'],
  ['an unknown type', '{"type":"launch","id":1}', 'unknown_type'],
  ['a type from the prototype', '{"type":"constructor","id":1}', 'unknown_type'],
  ['a missing room', '{"type":"subscribe","id":1}', 'bad_frame'],
  ['a room that is no text', '{"type":"subscribe","id":1,"room":7}', 'bad_frame'],
  ['an id that is an object', '{"type":"ping","id":{}}', 'bad_frame'],
  ['a negative offset', '{"type":"subscribe","id":1,"room":"ward:1","since":{"epoch":"x","offset":-1}}', 'bad_frame'],
  [
    'an offset beyond whole numbers',
    '{"type":"subscribe","id":1,"room":"ward:1","since":{"epoch":"x","offset":1e300}}',
    'bad_frame',
  ],
  ['NaN', publish('NaN'), 'bad_frame'],
  ['S-07: JSON 33 deep', publish(nested(33)), 'unsafe_json'],
  ['S-07: JSON 30,000 deep', nested(30_000), 'unsafe_json'],
  [
    'S-07: a thousand and one keys',
    publish(`{${Array.from({ length: 1_001 }, (_, key) => `"k${key}":1`).join()}}`),
    'unsafe_json',
  ],
  ['S-07: __proto__', publish('{"__proto__":{"polluted":1}}'), 'unsafe_json'],
  ['S-07: __proto__ in disguise', publish('{"\\u005f_proto__":{"polluted":1}}'), 'unsafe_json'],
  ['S-07: constructor', publish('{"constructor":{"prototype":{"polluted":1}}}'), 'unsafe_json'],
  ['a payload that does not fit the schema', publish('{"n":"one"}'), 'invalid_payload'],
  [
    'an event that the room does not have',
    '{"type":"publish","id":1,"room":"ward:1","event":"toString","data":1}',
    'unknown_event',
  ],
  ['a command that does not exist', '{"type":"command","id":1,"name":"__proto__","input":{}}', 'unknown_command'],
  [
    'a key that is too long',
    `{"type":"publish","id":1,"room":"ward:1","event":"counted","data":{"n":1},"key":"${'k'.repeat(129)}"}`,
    'bad_frame',
  ],
  ['a room that nothing describes', subscribe('attic:1'), 'unknown_room'],
  ['S-08: *', subscribe('ward:*'), 'bad_name'],
  ['S-08: {}', subscribe('ward:{x}'), 'bad_name'],
  ['S-08: a line break', subscribe('ward:1\r\nX'), 'bad_name'],
  ['S-08: NUL', subscribe('ward:1\u0000'), 'bad_name'],
  ['S-08: a bar', subscribe('ward:1|2'), 'bad_name'],
  ['S-08: ..', subscribe('ward:..'), 'bad_name'],
  ['S-08: __proto__', subscribe('ward:__proto__'), 'bad_name'],
  ['S-08: $internal', subscribe('$internal'), 'bad_name'],
  ['S-08: 300 bytes', subscribe(`ward:${'x'.repeat(300)}`), 'bad_name'],
  ['S-08: a name that is not NFC', subscribe('ward:e\u0301'), 'bad_name'],
  ['S-08: a lone surrogate', subscribe('ward:\ud800'), 'bad_name'],
  ['S-08: the canary', subscribe('__canary'), 'bad_name'],
  ['a handler that throws', '{"type":"command","id":1,"name":"always:fails","input":{}}', 'internal'],
]

for (const [name, text, code] of bad) {
  test(`${name} is answered with ${code}, and the link lives`, async () => {
    const eve = await world.person('eve')
    eve.sendsRaw(text)
    const error = await eve.sees('error')
    expect(error).toMatchObject({ code, retry: codes[code].retry })
    expect(error.message.length).toBeGreaterThan(10)
    expect(error.message).not.toContain('secret detail')
    eve.sends({ type: 'ping', id: 'alive' })
    expect(await eve.sees('pong')).toMatchObject({ id: 'alive' })
    await eve.goes()
    await unharmed()
  })
}

test('a room named like a member of every object is a room like any other', async () => {
  const eve = await world.person('eve')
  await eve.joins('ward:constructor')
  await eve.says('ward:constructor', 'counted', { n: 1 })
  expect(await eve.hears('counted')).toMatchObject({ room: 'ward:constructor', offset: 1 })
})

test('a frame of 2 MB ends the link with 1009', async () => {
  const eve = await world.person('eve')
  eve.sendsRaw('x'.repeat(2 * 1024 * 1024))
  expect(meaningOf(await eve.closed)).toBe('too_large')
  await unharmed()
})

test('S-07: JSON 100,000 deep is refused where messages may be that large', async () => {
  await using roomy = await startWorld({ app: clinic, config: { limits: { messageBytes: 1024 * 1024 } } })
  const eve = await roomy.person('eve')
  eve.sendsRaw(nested(100_000))
  expect(await eve.sees('error')).toMatchObject({ code: 'unsafe_json' })
  eve.sends({ type: 'ping', id: 'alive' })
  expect(await eve.sees('pong')).toMatchObject({ id: 'alive' })
})

test('data larger than the limit is refused however it is written', async () => {
  const eve = await world.person('eve')
  eve.sends({ type: 'publish', id: 1, room: 'ward:1', event: 'message.created', data: { text: 'x'.repeat(20_000) } })
  expect(await eve.sees('error')).toMatchObject({ code: 'invalid_payload' })
})

test('binary is refused by name', async () => {
  const eve = await world.person('eve')
  eve.sendsRaw(new Uint8Array([1, 2, 3]))
  expect(await eve.sees('error')).toMatchObject({ code: 'bad_frame' })
  expect(meaningOf(await eve.closed)).toBe('bad_frame')
})

test('B5: who sends without waiting for answers is stopped, and others do not wait', async () => {
  const eve = await world.person('eve')
  for (let count = 0; count < 5_000; count++)
    eve.sends({ type: 'command', id: count, name: 'never:answers', input: {} })
  expect(meaningOf(await eve.closed)).toBe('rate_limited')
  await unharmed()
})

test('S-15: frames beyond the rate are refused with the time to wait, and count again after it', async () => {
  await using strict = await startWorld({ app: clinic, config: { limits: { framesPerSecond: 5, framesBurst: 10 } } })
  const eve = await strict.person('eve')
  for (let count = 0; count < 30; count++) eve.sends({ type: 'ping', id: count })
  const refused = await eve.sees('error')
  expect(refused).toMatchObject({ code: 'rate_limited', retry: 'later' })
  expect(refused.retryAfterMs).toBeGreaterThan(0)
  const answered = eve.frames.items.filter(({ type }) => type === 'pong').length
  expect(answered).toBeGreaterThanOrEqual(10)
  expect(answered).toBeLessThan(15)
})

/** A WebSocket client that can write what no client would: raw frames on a socket. */
const rawSocket = async (token: string) => {
  const { hostname, port } = new URL(world.url)
  const socket = connect(Number(port), hostname)
  const key = Buffer.from('0123456789abcdef').toString('base64')
  socket.write(
    `GET /v1/websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.resume()
  return { socket, ended }
}

const frame = (first: number, payload: Uint8Array) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])

test('B23, S-03: 100,000 fragments of one byte end the link, and memory stays where it was', async () => {
  const { socket, ended } = await rawSocket(await world.token('eve'))
  const before = process.memoryUsage().rss
  const one = Buffer.from('x')
  socket.write(frame(0x01, one))
  const continuation = Buffer.concat(Array.from({ length: 1_000 }, () => frame(0x00, one)))
  for (let count = 0; count < 100 && !socket.destroyed; count++) socket.write(continuation)
  await ended
  expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024)
  await unharmed()
})

const malformed: readonly (readonly [string, Buffer])[] = [
  ['reserved bits', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
  ['a reserved opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['a frame without a mask', Buffer.from([0x81, 0x01, 0x78])],
  ['a control frame of 126 bytes', Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126, 0, 0, 0, 0]), Buffer.alloc(126)])],
  ['a length of 2^63', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['text that is no UTF-8', frame(0x81, Buffer.from([0xc3, 0x28]))],
  ['a continuation of nothing', frame(0x80, Buffer.from('x'))],
]

for (const [name, bytes] of malformed) {
  test(`S-02: ${name} ends the link and nothing else`, async () => {
    const { socket, ended } = await rawSocket(await world.token('eve'))
    socket.write(bytes)
    await ended
    await unharmed()
  })
}

test('S-11: tokens that are not good are refused, each by its code, on the link and over HTTP', async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const good = await world.token('ann')
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const tokens: readonly string[] = [
    `${part({ alg: 'none' })}.${payload}.`,
    `${part({ alg: 'RS256' })}.${payload}.${signature}`,
    `${header}.${part({ ...claims, tenantId: 'globex' })}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    'x'.repeat(9_000),
    'a.b.c',
  ]
  for (const token of tokens) {
    const eve = await world.open('eve', { token })
    expect(await eve.sees('error')).toMatchObject({ code: 'unauthenticated' })
    expect(meaningOf(await eve.closed)).toBe('unauthenticated')
    const response = await world.asks('/v1/rooms/ward:1/history', { headers: { Authorization: `Bearer ${token}` } })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'unauthenticated', status: 401 })
  }
  await unharmed()
})
