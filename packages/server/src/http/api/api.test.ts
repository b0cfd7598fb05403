import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { type Ask, askOf, clinic } from '../clinic.fixture.ts'

let world: World
let ask: Ask
let ann: string
let chief: string

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  ask = askOf(world.server.services)
  ann = await world.token('ann', { grants: ['read:ward'] })
  chief = await world.token('chief', { roles: ['admin'], grants: ['read:ward'] })
})
afterAll(() => world[Symbol.asyncDispose]())

const note = (text: string) => ({ event: 'note.added', data: { text } })
const publish = (room: string, json: unknown, init = {}) =>
  ask(`/v1/rooms/${encodeURIComponent(room)}/events`, { token: ann, json, ...init })
const problem = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as { code: string }) })

test('an event is published, and a repeated key gives the first result', async () => {
  const first = await publish('ward:1', { ...note('hi'), key: 'k1' })
  expect(first.status).toBe(201)
  const result = (await first.json()) as { id: string; offset: number }
  expect(result).toMatchObject({ room: 'ward:1', durability: 'memory', duplicate: false })
  const again = await publish('ward:1', note('hi'), { headers: { 'idempotency-key': 'k1' } })
  expect(again.status).toBe(200)
  expect(await again.json()).toMatchObject({ id: result.id, offset: result.offset, duplicate: true })
})

test.each([
  ['the header and the body name different keys', { ...note('x'), key: 'a' }, { 'idempotency-key': 'b' }, 'bad_frame'],
  ['the key is too long', { ...note('x'), key: 'k'.repeat(129) }, {}, 'bad_frame'],
  ['there is no data', { event: 'note.added' }, {}, 'bad_frame'],
  ['the event is no text', { event: 7, data: 1 }, {}, 'bad_frame'],
  ['the body is no JSON', undefined, {}, 'bad_frame'],
  ['the data does not match', { event: 'note.added', data: { text: 7 } }, {}, 'invalid_payload'],
  ['the event is unknown', { event: 'note.eaten', data: {} }, {}, 'unknown_event'],
])('refused: %s', async (_, json, headers, code) => {
  const asked = json === undefined ? { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } } : {}
  const { code: told } = await problem(await publish('ward:1', json, { headers, ...asked }))
  expect(told).toBe(code)
})

test('the message of a schema names the member', async () => {
  const answer = await publish('ward:1', { event: 7, data: 1 })
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('event: ') })
})

test('many events are answered one by one, in order', async () => {
  const events = [
    { room: 'ward:2', ...note('one') },
    { room: 'ward:2', event: 'note.added', data: { text: 1 } },
    { room: 'no such room!', ...note('x') },
    { room: 'ward:2', ...note('two') },
  ]
  const answer = await ask('/v1/events', { token: ann, json: { events } })
  expect(answer.status).toBe(200)
  const { results } = (await answer.json()) as { results: unknown[] }
  expect(results).toMatchObject([
    { ok: true, result: { offset: 1 } },
    { ok: false, problem: { code: 'invalid_payload', type: '/docs#invalid_payload' } },
    { ok: false, problem: { code: 'bad_name' } },
    { ok: true, result: { offset: 2 } },
  ])
})

test('a batch is as long as the limit allows, with as many keys in each event as in a frame', async () => {
  const { publishBatch } = world.server.services.limits
  const wide = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, index]))
  const event = { room: 'lobby', event: 'note.added', data: { text: 'wide', wide } }
  const full = await ask('/v1/events', { token: ann, json: { events: Array(publishBatch).fill(event) } })
  expect(full.status).toBe(200)
  const longer = await ask('/v1/events', { token: ann, json: { events: Array(publishBatch + 1).fill(event) } })
  expect(await problem(longer)).toMatchObject({ status: 400, code: 'bad_frame' })
  const tooWide = Object.fromEntries(Array.from({ length: 1_100 }, (_, index) => [`k${index}`, index]))
  const refused = await ask('/v1/events', { token: ann, json: { events: [{ ...event, data: tooWide }] } })
  expect(await refused.json()).toMatchObject({ results: [{ ok: false, problem: { code: 'unsafe_json' } }] })
})

test('history is read page by page, both ways, following the Link header', async () => {
  for (const text of ['a', 'b', 'c', 'd', 'e']) await publish('ward:3', note(text))
  const read = async (query: string) => {
    const texts: string[][] = []
    let address: string | undefined = `/v1/rooms/ward%3A3/history?${query}`
    while (address !== undefined) {
      const answer: Response = await ask(address, { token: ann })
      expect(answer.status).toBe(200)
      const page = (await answer.json()) as { events: { data: { text: string } }[]; next?: string }
      texts.push(page.events.map(({ data }) => data.text))
      const link: string | undefined = answer.headers.get('link')?.match(/^<(.+)>; rel="next"$/)?.[1]
      const linked = new URLSearchParams(link?.split('?')[1])
      expect(linked.get('after') ?? linked.get('before') ?? undefined).toBe(page.next)
      address = link
    }
    return texts
  }
  expect(await read('after=earliest&limit=2')).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect(await read('limit=2')).toEqual([['d', 'e'], ['b', 'c'], ['a']])
})

test.each([
  ['after=1.2&before=1.3', 400, 'bad_frame'],
  ['after=latest', 400, 'bad_frame'],
  ['limit=0', 400, 'bad_frame'],
  ['limit=9999999', 400, 'bad_frame'],
  ['after=gone.4', 410, 'position_lost'],
])('history with %s is refused', async (query, status, code) => {
  const answer = await ask(`/v1/rooms/ward%3A3/history?${query}`, { token: ann })
  expect(await problem(answer)).toMatchObject({ status, code })
})

test('a room name is percent-encoded whatever is in it', async () => {
  const room = 'a/b%2Fc:ü'
  expect((await publish('x'.repeat(300), note('x'))).status).toBe(400)
  const answer = await publish(room.replaceAll(':', '-'), note('x'))
  expect(await answer.json()).toMatchObject({ room: 'a/b%2Fc-ü' })
})

test('presence tells who is in a room', async () => {
  const bob = await world.person('bob', { grants: ['read:ward'] })
  await bob.joins('ward:5')
  await bob.asks({ type: 'presence', room: 'ward:5', state: { on: 'duty' } })
  const answer = await ask('/v1/rooms/ward%3A5/presence', { token: ann })
  expect(await answer.json()).toMatchObject({ room: 'ward:5', members: [{ userId: 'bob', state: { on: 'duty' } }] })
})

test('a command runs as the user, and its answer is the body', async () => {
  const answer = await ask('/v1/commands/note%3Aadd', { token: ann, json: { input: { text: 'x' }, key: 'c1' } })
  expect(answer.status).toBe(200)
  const result: unknown = await answer.json()
  expect(result).toEqual({ offset: expect.any(Number) })
  const again = await ask('/v1/commands/note%3Aadd', { token: ann, json: { input: { text: 'x' }, key: 'c1' } })
  expect(await again.json()).toEqual(result as object)
  expect(await (await ask('/v1/commands/nothing', { token: ann, json: { input: null } })).text()).toBe('null')
  expect(await problem(await ask('/v1/commands/no', { token: ann, json: { input: 1 } }))).toMatchObject({ status: 404 })
})

test('a ticket opens one stream', async () => {
  const answer = await ask('/v1/tickets', { method: 'POST', token: ann })
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { ticket, expiresAt } = (await answer.json()) as { ticket: string; expiresAt: string }
  expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
  const open = () => ask(`/v1/stream?room=lobby&ticket=${ticket}`)
  const stream = await open()
  expect(stream.status).toBe(200)
  await stream.body?.cancel()
  expect((await open()).status).toBe(401)
  expect(await problem(await ask(`/v1/stats?ticket=${ticket}`))).toMatchObject({ code: 'unauthenticated' })
})

test('an administrator changes grants, and a revoked one ends the subscription', async () => {
  const cara = await world.person('cara')
  const grants = (method: string) =>
    ask('/v1/users/cara/grants', { token: chief, json: { grants: ['read:ward:9'] }, method })
  expect(await (await grants('POST')).json()).toEqual({ granted: ['read:ward:9'], revoked: [] })
  await cara.joins('ward:9')
  expect(await (await grants('DELETE')).json()).toMatchObject({ revoked: ['read:ward:9'] })
  expect(await cara.sees('subscription')).toMatchObject({ status: 'unsubscribed', reason: 'revoked' })
  expect(await (await ask('/v1/users/cara/grants', { token: chief })).json()).toMatchObject({ granted: [] })
})

test('an administrator lists sessions and ends them', async () => {
  const dan = await world.person('dan')
  await dan.joins('lobby')
  const { sessions } = (await (await ask('/v1/sessions?userId=dan', { token: chief })).json()) as {
    sessions: { session: string }[]
  }
  expect(sessions).toMatchObject([{ userId: 'dan', link: 'websocket', rooms: ['lobby'] }])
  const ended = await ask(`/v1/sessions/${sessions[0]?.session}?userId=dan`, { token: chief, method: 'DELETE' })
  expect(ended.status).toBe(204)
  expect((await dan.closed).code).toBe(4410)
})

test('ending all sessions of a user can refuse their tokens too', async () => {
  const token = await world.token('eve')
  expect((await ask('/v1/rooms/lobby/history', { token })).status).toBe(200)
  const ended = await ask('/v1/users/eve/sessions?tokens=revoke', { token: chief, method: 'DELETE' })
  expect(ended.status).toBe(204)
  expect((await ask('/v1/rooms/lobby/history', { token })).status).toBe(401)
})

test.each([
  ['GET', '/v1/users/cara/grants'],
  ['GET', '/v1/sessions'],
  ['DELETE', '/v1/sessions/x?userId=dan'],
  ['DELETE', '/v1/users/dan/sessions'],
  ['GET', '/v1/stats'],
])('%s %s is not for every user', async (method, path) => {
  expect(await problem(await ask(path, { token: ann, method }))).toMatchObject({ status: 403, code: 'forbidden' })
  expect(await problem(await ask(path, { method }))).toMatchObject({ status: 401, code: 'unauthenticated' })
})

test('a tenant is counted by itself', async () => {
  const other = await world.token('zoe', { tenantId: 'other', roles: ['admin'] })
  expect(await (await ask('/v1/stats', { token: other })).json()).toMatchObject({ sessions: 0, sessionsByUser: {} })
  const claimed = await ask('/v1/stats?tenantId=acme', { token: other })
  expect(await problem(claimed)).toMatchObject({ code: 'tenant_mismatch' })
})

test('a user who asks too fast is told when to come back', async () => {
  const token = await world.token('fast')
  const { framesPerSecondPerUser, framesBurst } = world.server.services.limits
  const answers = await Promise.all(
    Array.from({ length: Math.max(framesPerSecondPerUser, framesBurst) + 50 }, () =>
      ask('/v1/rooms/lobby/history', { token }),
    ),
  )
  const refused = answers.find(({ status }) => status === 429)
  expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await refused?.json()).toMatchObject({
    code: 'rate_limited',
    retry: 'later',
    retryAfterMs: expect.any(Number),
  })
})
