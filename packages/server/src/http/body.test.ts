import { afterAll, beforeAll, expect, test } from 'bun:test'
import { defaultLimits, type FanfareError } from '@fanfare/protocol'
import { refusal, startWorld, type World } from '@fanfare/testkit'
import { bodyLimit, readBody } from './body.ts'
import { type Ask, askOf, clinic } from './clinic.fixture.ts'

let world: World
let ask: Ask
let token: string

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  ask = askOf(world.server.services)
  token = await world.token('ann')
})
afterAll(() => world[Symbol.asyncDispose]())

const path = '/v1/rooms/lobby/events'
const json = { 'content-type': 'application/json' }
const send = (body: BodyInit, headers: Record<string, string> = json) =>
  ask(path, { method: 'POST', token, headers, body })
const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]

/** A body that is made as it is asked for, and counts how much was. */
const endless = () => {
  const made = { bytes: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      made.bytes += 64 * 1024
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
    },
    cancel() {
      made.cancelled = true
    },
  })
  return { made, body }
}

test('a body without an end is cut off at the limit, whatever its header says', async () => {
  const { made, body } = endless()
  const request = new Request('http://x/', { method: 'POST', body, headers: { 'content-length': '2' } })
  const refused = readBody(request, 1024 * 1024)
  expect(await refused.catch((error: FanfareError) => error.code)).toBe('too_large')
  expect(made.cancelled).toBe(true)
  expect(made.bytes).toBeLessThan(2 * 1024 * 1024)
})

test('a body that breaks off is no message', async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
  const read = readBody(new Request('http://x/', { method: 'POST', body }), 100)
  expect(await read.catch((error: FanfareError) => error.code)).toBe('bad_frame')
})

test('a limit is at most 1 MB', () => {
  expect(bodyLimit(defaultLimits)).toBe(1024 * 1024)
  expect(bodyLimit({ ...defaultLimits, messageBytes: 100, publishBatch: 3 })).toBe(300)
})

test.each([
  ['2 MB', () => send(`{"event":"note.added","data":"${'x'.repeat(2 * 1024 * 1024)}"}`), [413, 'too_large']],
  [
    'data above the limit of a message',
    () => send(JSON.stringify({ event: 'note.added', data: { text: 'x'.repeat(70_000) } })),
    [413, 'too_large'],
  ],
  ['100,000 levels', () => send('['.repeat(100_000) + ']'.repeat(100_000)), [400, 'unsafe_json']],
  ['a prototype', () => send('{"event":"note.added","data":{"__proto__":{"admin":true}}}'), [400, 'unsafe_json']],
  ['text that is no JSON', () => send('{"event":'), [400, 'bad_frame']],
  ['bytes that are no UTF-8', () => send(new Uint8Array([0x22, 0xff, 0x22])), [400, 'bad_frame']],
  ['an array', () => send('[]'), [400, 'bad_frame']],
  ['nothing', () => ask(path, { method: 'POST', token, headers: json }), [400, 'bad_frame']],
  [
    'a form',
    () => send('event=note.added', { 'content-type': 'application/x-www-form-urlencoded' }),
    [400, 'bad_frame'],
  ],
  [
    'text/plain, which a page may send without asking',
    () => send('{}', { 'content-type': 'text/plain' }),
    [400, 'bad_frame'],
  ],
])('refused: %s', async (_, sent, expected) => {
  expect(await codeOf(await sent())).toEqual(expected)
  expect((await ask('/health')).status).toBe(200)
})

test('nobody’s body is read before it is known whose it is', async () => {
  const { made, body } = endless()
  const answer = await ask(path, { method: 'POST', headers: json, body })
  expect(answer.status).toBe(401)
  expect(made.bytes).toBeLessThanOrEqual(64 * 1024)
})

test('a body that is sent byte by byte holds its request for so long and no longer', async () => {
  const never = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([1])) })
  const request = new Request('http://node/', { method: 'POST', body: never })
  expect(await refusal(readBody(request, 1024, 20))).toMatchObject({ code: 'bad_frame' })
})
