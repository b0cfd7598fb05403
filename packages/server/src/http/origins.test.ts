import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { type Ask, askOf, clinic, clinicOrigin } from './clinic.fixture.ts'

const listed = 'https://app.example.org'

let world: World
let byList: Ask
let byHost: Ask
let token: string

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  byList = askOf(world.server.services, { allowedOrigins: [listed] })
  byHost = askOf(world.server.services)
  token = await world.token('ann')
})
afterAll(() => world[Symbol.asyncDispose]())

const publish = (ask: Ask, origin?: string) =>
  ask('/v1/rooms/lobby/events', {
    token,
    json: { event: 'note.added', data: { text: 'x' } },
    headers: origin === undefined ? {} : { origin },
  })

const preflight = (ask: Ask, origin: string) =>
  ask('/v1/rooms/lobby/events', {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  })

test.each([
  ['a listed origin', 'list', listed, 201],
  ['no origin, so no page', 'list', undefined, 201],
  ['another host', 'list', 'https://evil.example', 403],
  ['the listed name as a part of another', 'list', 'https://app.example.org.evil.example', 403],
  ['another scheme', 'list', 'http://app.example.org', 403],
  ['another port', 'list', 'https://app.example.org:444', 403],
  ['a page without an origin of its own', 'list', 'null', 403],
  ['the server’s own, when there is no list', 'host', clinicOrigin, 201],
  ['a listed origin, when there is no list', 'host', listed, 403],
])('%s (%s): %s may publish: %s', async (_, by, origin, status) => {
  const ask = by === 'list' ? byList : byHost
  const answer = await publish(ask, origin)
  expect(answer.status).toBe(status)
  expect(answer.headers.get('vary')).toContain('Origin')
  expect(answer.headers.get('access-control-allow-origin')).toBe(status === 201 ? (origin ?? null) : null)
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  if (status === 403) expect(await answer.json()).toMatchObject({ code: 'origin_refused' })
  if (origin === undefined) return
  const asked = await preflight(ask, origin)
  expect(asked.status).toBe(status === 201 ? 204 : 403)
  expect(asked.headers.get('access-control-allow-origin')).toBe(status === 201 ? origin : null)
})

test('a listed page may send a token, a key and a cursor, and read where a replay began', async () => {
  const asked = await preflight(byList, listed)
  expect(asked.headers.get('access-control-allow-headers')).toBe(
    'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  )
  const stream = await byList('/v1/stream?room=lobby', { token, headers: { origin: listed } })
  expect(stream.headers.get('access-control-expose-headers')).toContain('Fanfare-Last-Event-ID')
  await stream.body?.cancel()
})

test('a page from elsewhere may ask, but its browser keeps the answer from it', async () => {
  const answer = await byList('/health', { headers: { origin: 'https://evil.example' } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
})

test('a refusal can be read by a page that may ask', async () => {
  const answer = await byList('/v1/rooms/lobby/history', { headers: { origin: listed } })
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, listed])
})

test('the application’s routes follow the same rule', async () => {
  const evil = { headers: { origin: 'https://evil.example' } }
  expect((await byList('/echo', { token, json: {}, ...evil })).status).toBe(403)
  expect((await byList('/echo', { token, json: { a: 1 }, headers: { origin: listed } })).status).toBe(200)
})
