import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { createCall } from './call.ts'
import { createConversations } from './conversations.ts'
import { createEvents } from './events.ts'
import { type BackendOptions, settingsOf } from './options.ts'

const apiKey = `ff_0123456789abcdef_${'k'.repeat(43)}`

type Answer = Response | Error | (() => Response | Promise<Response>)
type Sent = { readonly url: string; readonly init: RequestInit; readonly body: { readonly [name: string]: unknown } }

/** A server that gives these answers, one after another, and what it was asked and how long was waited between. */
const script = (answers: readonly Answer[], options: Partial<BackendOptions> = {}) => {
  const sent: Sent[] = []
  const waits: number[] = []
  const left = [...answers]
  const fetch = async (url: string, init: RequestInit) => {
    sent.push({ url, init, body: init.body === undefined ? {} : JSON.parse(String(init.body)) })
    const answer = left.shift() ?? new Error('nothing more is answered')
    if (answer instanceof Error) throw answer
    return typeof answer === 'function' ? answer() : answer
  }
  const settings = settingsOf({ url: 'https://fanfare.test/base/', apiKey, fetch, ...options })
  const call = createCall(settings, { random: () => 0.5, pause: async (ms) => void waits.push(ms) })
  return { call, sent, waits, events: createEvents(call), conversations: createConversations(call) }
}

const ok = (value: unknown) => Response.json(value)
const problem = (code: string, status: number, more: object = {}) =>
  Response.json({ code, status, detail: `told: ${code}`, ...more }, { status })

const failure = async (work: Promise<unknown>): Promise<FanfareError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(FanfareError)
  return error as FanfareError
}

test('a publish names its room, carries the key and is answered with its place', async () => {
  const { events, sent } = script([ok({ offset: 7 })])
  expect(await events.publish('patient:42', 'noted', { text: 'ü' })).toMatchObject({ offset: 7 })
  expect(sent[0]).toMatchObject({
    url: 'https://fanfare.test/base/v1/rooms/patient%3A42/events',
    init: { method: 'POST', headers: { authorization: `Bearer ${apiKey}` } },
    body: { event: 'noted', data: { text: 'ü' }, key: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  })
})

test('what was lost or is for later is sent again, with the same key', async () => {
  const broken = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
  const { events, sent, waits } = script([
    broken,
    problem('overloaded', 503),
    new Response('<h1>Bad gateway</h1>', { status: 502 }),
    new Response('{"half', { status: 200 }),
    new Response('', { status: 200 }),
    ok({ offset: 1 }),
  ])
  await events.publish('lobby', 'said', {})
  expect(new Set(sent.map(({ body }) => body.key)).size).toBe(1)
  // The middle of 200 to 200 · 2^tries.
  expect(waits).toEqual([300, 500, 900, 1_700, 3_300])
})

test('a wait that the server asks for is waited, and a little more, so that not all come at once', async () => {
  const seconds = new Response('', { status: 429, headers: { 'retry-after': '2' } })
  const { events, waits } = script([problem('rate_limited', 429, { retryAfterMs: 1_500 }), seconds, ok({})])
  await events.publish('lobby', 'said', {})
  expect(waits).toEqual([1_650, 2_200])
})

test('a wait that is too long for whoever calls is told to them', async () => {
  const { events, waits } = script([problem('rate_limited', 429, { retryAfterMs: 90_000 })])
  expect(await failure(events.publish('lobby', 'said', {}))).toMatchObject({
    code: 'rate_limited',
    retry: 'later',
    retryAfterMs: 90_000,
  })
  expect(waits).toEqual([])
})

test.each([
  ['forbidden', 403],
  ['invalid_payload', 422],
  ['unauthenticated', 401],
  ['unknown_room', 404],
  ['bad_frame', 400],
])('%s is told at once, with what the server says', async (code, status) => {
  const { events, sent } = script([problem(code, status)])
  expect(await failure(events.publish('lobby', 'said', {}))).toMatchObject({ code, message: `told: ${code}` })
  expect(sent).toHaveLength(1)
})

test('what a proxy refuses has a code too', async () => {
  const { events } = script([new Response('no', { status: 403 })])
  expect(await failure(events.publish('lobby', 'said', {}))).toMatchObject({ code: 'forbidden', retry: 'never' })
})

test('after so many tries the last failure is told', async () => {
  const { events, sent } = script(
    Array(9)
      .fill(problem('unavailable', 503))
      .map((answer) => () => answer.clone()),
    {
      retry: { tries: 3 },
    },
  )
  expect(await failure(events.publish('lobby', 'said', {}))).toMatchObject({ code: 'unavailable' })
  expect(sent).toHaveLength(3)
  const once = script([problem('unavailable', 503)], { retry: false })
  await failure(once.events.publish('lobby', 'said', {}))
  expect(once.sent).toHaveLength(1)
})

test('a server that does not answer is given up after the timeout, and asked again', async () => {
  const silent = script([], {
    timeoutMs: 20,
    retry: { tries: 2 },
    fetch: (_, { signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  })
  const error = await failure(silent.events.publish('lobby', 'said', {}))
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('within 20 ms') })
  expect(silent.waits).toHaveLength(1)
})

test('a signal ends the call and says why', async () => {
  const ending = new AbortController()
  const { events, sent } = script([
    () => {
      ending.abort(new Error('the shift is over'))
      throw new TypeError('fetch failed')
    },
  ])
  await expect(events.publish('lobby', 'said', {}, { signal: ending.signal })).rejects.toThrow('the shift is over')
  await expect(events.publish('lobby', 'said', {}, { signal: ending.signal })).rejects.toThrow('the shift is over')
  expect(sent).toHaveLength(1)
})

test('no key is in any error', async () => {
  const leaky = new TypeError(`fetch failed for Bearer ${apiKey}`, { cause: new Error(`header ${apiKey} is wrong`) })
  const { events } = script([leaky], { retry: false })
  const error = await failure(events.publish('lobby', 'said', {}))
  expect(Bun.inspect(error)).not.toContain(apiKey)
  expect(error.message).toContain('header … is wrong')
  expect(() => settingsOf({ url: 'https://fanfare.test', apiKey: `${apiKey}\n` })).toThrow(/^apiKey/)
  expect(() => settingsOf({ url: `https://user:${apiKey}@fanfare.test`, apiKey })).toThrow(/^url: give no user/)
  expect(() => settingsOf({ url: 'fanfare.test', apiKey })).toThrow(/^url/)
})

test('of many events, those for later are sent again by themselves, with their keys', async () => {
  const result = { ok: true, result: { offset: 1 } }
  const later = { ok: false, problem: { code: 'overloaded', status: 503, detail: 'busy', retryAfterMs: 10 } }
  const never = { ok: false, problem: { code: 'unknown_room', status: 404, detail: 'no such room' } }
  const { events, sent, waits } = script([
    ok({ results: [result, later, never, later] }),
    ok({ results: [result, later] }),
    ok({ results: [result] }),
  ])
  const outcomes = await events.publishMany(
    ['a', 'b', 'c', 'd'].map((room) => ({ room, event: 'said', data: room, ...(room === 'a' ? { key: 'mine' } : {}) })),
  )
  expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))).toEqual([
    'ok',
    'ok',
    'unknown_room',
    'ok',
  ])
  const rooms = sent.map(({ body }) => (body.events as { room: string }[]).map(({ room }) => room))
  expect(rooms).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']])
  const keys = sent.map(({ body }) => (body.events as { key: string }[]).map(({ key }) => key))
  expect(keys[0]?.[0]).toBe('mine')
  expect(keys[2]?.[0]).toBe(keys[0]![3]!)
  expect(waits).toEqual([11, 11])
})

test('of many events, what is still for later at the end is told of each', async () => {
  const later = { ok: false, problem: { code: 'overloaded', status: 503, detail: 'busy' } }
  const { events } = script([ok({ results: [{ ok: true, result: {} }, later] }), ok({ results: [later] })], {
    retry: { tries: 2 },
  })
  const outcomes = await events.publishMany([1, 2].map((n) => ({ room: `r${n}`, event: 'said', data: n })))
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false])
  const unreachable = script([], { retry: { tries: 3 } })
  await failure(unreachable.events.publishMany([{ room: 'a', event: 'said', data: 1 }]))
  expect(unreachable.sent).toHaveLength(3)
})

test('when the server goes away between two requests, what was published is told, and what was not', async () => {
  const results = Array(100).fill({ ok: true, result: {} })
  const { events } = script([ok({ results })], { retry: false })
  const many = Array.from({ length: 101 }, (_, n) => ({ room: 'lobby', event: 'said', data: n }))
  const outcomes = await events.publishMany(many)
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(100)
  expect(outcomes[100]).toMatchObject({ ok: false, error: { code: 'unavailable' } })
})

test('more events than go into one request go in several, in order', async () => {
  const answer = (body: { events: unknown[] }) => ok({ results: body.events.map(() => ({ ok: true, result: {} })) })
  const sizes: number[] = []
  const { events } = script([], {
    fetch: async (_, { body }) => {
      const given = JSON.parse(String(body))
      sizes.push(given.events.length)
      return answer(given)
    },
  })
  const many = Array.from({ length: 250 }, (_, n) => ({ room: 'lobby', event: 'said', data: n }))
  expect(await events.publishMany(many)).toHaveLength(250)
  expect(sizes).toEqual([100, 100, 50])
})

test('rooms, messages and notifications have keys of their own where none is given', async () => {
  const { conversations, sent } = script([ok({}), ok({}), ok({})])
  await conversations.createRoom({ members: [{ userId: 'ann' }] })
  await conversations.sendMessage({ roomId: 'r/1', userId: 'ann', text: 'hi', key: 'k1' })
  const to = { userId: 'bob' }
  await conversations.notify([
    { to, kind: 'mention', title: 'a' },
    { to, kind: 'mention', title: 'b', key: 'k2' },
  ])
  expect(sent.map(({ url }) => url.replace('https://fanfare.test/base', ''))).toEqual([
    '/v1/chat/rooms',
    '/v1/chat/rooms/r%2F1/messages',
    '/v1/notifications',
  ])
  expect(sent.map(({ body }) => body)).toMatchObject([
    { id: expect.any(String), members: [{ userId: 'ann' }] },
    { userId: 'ann', text: 'hi', key: 'k1' },
    { notifications: [{ key: expect.any(String) }, { key: 'k2' }] },
  ])
})

test('a cursor goes into the address and comes out of the page', async () => {
  const { events, sent } = script([ok({ room: 'a', events: [], epoch: 'e.1', next: 'e.1.42' })])
  const page = await events.history('a', { after: { epoch: 'e.1', offset: 41 }, limit: 5 })
  expect(sent[0]?.url).toBe('https://fanfare.test/base/v1/rooms/a/history?after=e.1.41&limit=5')
  expect(page.next).toEqual({ epoch: 'e.1', offset: 42 })
})
