import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fakeClock, startWorld, type World } from '@fanfare/testkit'
import type { Services } from '../flows/services.ts'
import { announceGrants } from '../flows/sessions.ts'
import { type Ask, askOf, clinic } from './clinic.fixture.ts'
import { type Block, BlockReader } from './event-blocks.fixture.ts'

let world: World
let services: Services
let ask: Ask
let ann: string

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  services = world.server.services
  ask = askOf(services)
  ann = await world.token('ann', { grants: ['read:ward'] })
})
afterAll(() => world[Symbol.asyncDispose]())

const tell = async (room: string, ...texts: readonly string[]) => {
  const events = texts.map((text) => ({ room, event: 'note.added', data: { text } }))
  const answer = await ask('/v1/events', { token: ann, json: { events } })
  expect(answer.status).toBe(200)
}
const open = (query: string, headers: Record<string, string> = {}) =>
  ask(`/v1/stream?${query}`, { token: ann, headers })
const problem = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as object) })
const textOf = ({ data }: Block) => (data.data as { text: string }).text

test('a stream greets, subscribes and delivers, with a cursor on every block', async () => {
  const answer = await open('room=ward:1')
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  const stream = new BlockReader(answer)
  expect(await stream.next()).toMatchObject({ event: 'connected', data: { userId: 'ann' } })
  expect(await stream.next()).toMatchObject({ event: 'subscription', data: { room: 'ward:1', status: 'subscribed' } })
  expect(answer.headers.get('fanfare-last-event-id')).toBe(stream.lastId)
  await tell('ward:1', 'one')
  const [heard] = await stream.take('note.added')
  expect(heard).toMatchObject({ data: { room: 'ward:1', offset: 1, data: { text: 'one' } } })
  expect(heard?.id).toMatch(/^c1~/)
  await stream.leave()
})

test('a reader that breaks off anywhere resumes in three rooms at once, with nothing lost or doubled', async () => {
  const rooms = ['ward:a', 'ward:b', 'ward:c']
  const query = rooms.map((room) => `room=${room}`).join('&')
  const expected = new Map(rooms.map((room): [string, string[]] => [room, []]))
  const heard = new Map(rooms.map((room): [string, string[]] => [room, []]))
  const publishRound = async (round: number) => {
    for (const [index, room] of rooms.entries()) {
      const texts = Array.from({ length: index + 1 }, (_, nth) => `${room} ${round}.${nth}`)
      expected.get(room)?.push(...texts)
      await tell(room, ...texts)
    }
  }
  let cursor = ''
  for (let round = 0; round < 12; round++) {
    const answer = await open(query, cursor === '' ? {} : { 'last-event-id': cursor })
    const stream = new BlockReader(answer)
    // Nothing is gone, so the replay begins exactly where this reader was.
    if (cursor !== '') expect(answer.headers.get('fanfare-last-event-id')).toBe(cursor)
    await stream.take('subscription', cursor === '' ? 3 : 1)
    await publishRound(round)
    // Breaks off at a different place each time, sometimes before it has read what it missed.
    for (const block of await stream.take('note.added', round % 5)) {
      heard.get(String(block.data.room))?.push(textOf(block))
    }
    cursor = stream.lastId
    await stream.leave()
    await publishRound(round + 100)
  }
  const last = new BlockReader(await open(query, { 'last-event-id': cursor }))
  const missing = [...expected.values()].flat().length - [...heard.values()].flat().length
  for (const block of await last.take('note.added', missing)) heard.get(String(block.data.room))?.push(textOf(block))
  expect(heard).toEqual(expected)
  await last.leave()
})

test('the header wins over the address, and a room of which it does not speak follows the address', async () => {
  await tell('ward:h', 'one', 'two', 'three')
  const first = new BlockReader(await open('room=ward:h&lastEventId=earliest'))
  const [one] = await first.take('note.added')
  await first.leave()
  const inHeader = new BlockReader(await open('room=ward:h&lastEventId=earliest', { 'last-event-id': one?.id ?? '' }))
  expect((await inHeader.take('note.added', 2)).map(textOf)).toEqual(['two', 'three'])
  await inHeader.leave()
  const greetingOnly = new BlockReader(await open('room=ward:h&lastEventId=earliest', { 'last-event-id': 'c1' }))
  expect((await greetingOnly.take('note.added', 3)).map(textOf)).toEqual(['one', 'two', 'three'])
  await greetingOnly.leave()
})

test('from the earliest event kept, and the answer says so', async () => {
  await tell('ward:e', 'one', 'two')
  const answer = await open('room=ward:e&lastEventId=earliest')
  expect(answer.headers.get('fanfare-last-event-id')).toBe('earliest')
  const stream = new BlockReader(answer)
  expect((await stream.take('note.added', 2)).map(textOf)).toEqual(['one', 'two'])
  await stream.leave()
})

test('a cursor into a log that is gone: the answer tells where it goes on, and so does the stream', async () => {
  await tell('ward:g', 'one')
  const stream = new BlockReader(await open('room=ward:g&lastEventId=earliest'))
  const [one] = await stream.take('note.added')
  await stream.leave()
  const gone = one?.id.replace(/\.[^.]+\.1$/, '.otherEpoch.1') ?? ''
  const answer = await open('room=ward:g', { 'last-event-id': gone })
  expect(answer.headers.get('fanfare-last-event-id')).toBe(one?.id ?? '')
  const resumed = new BlockReader(answer)
  expect((await resumed.take('subscription'))[0]?.data).toMatchObject({ recovered: false, reason: 'epoch' })
  await resumed.leave()
})

test.each([
  ['no room', 'rooms', 'lobby', 400, 'bad_frame'],
  ['a room that is closed to the user', 'room', 'closed:1', 403, 'forbidden'],
  ['only rooms that nobody may read', 'room', 'closed:1&room=closed:2', 403, 'forbidden'],
  ['a room that the application does not describe', 'room', 'a:b:c', 404, 'unknown_room'],
  ['a name that is none', 'room', 'a b', 400, 'bad_name'],
])('%s is refused before the stream begins', async (_, name, value, status, code) => {
  const answer = await open(`${name}=${value}`)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(await problem(answer)).toMatchObject({ status, code })
  expect(services.hub.sessionsOf('acme', 'ann')).toEqual([])
})

test('a room that is refused among others is told in the stream', async () => {
  const stream = new BlockReader(await open('room=ward:1&room=closed:1'))
  const [error] = await stream.take('problem')
  expect(error?.data).toMatchObject({ room: 'closed:1', code: 'forbidden' })
  await stream.leave()
})

test('more rooms than a session may have are refused', async () => {
  const rooms = Array.from({ length: services.limits.roomsPerSession + 1 }, (_, index) => `room=r${index}`)
  expect(await problem(await open(rooms.join('&')))).toMatchObject({ status: 429, code: 'too_many_rooms' })
})

test.each([
  ['no token', undefined, '', {}, 401, 'unauthenticated'],
  ['a token in the address', undefined, '&token=x.y.z', {}, 401, 'unauthenticated'],
  ['another tenant named', 'ann', '&tenantId=other', {}, 403, 'tenant_mismatch'],
  ['a page from elsewhere', 'ann', '', { origin: 'https://evil.example' }, 403, 'origin_refused'],
])('refused: %s', async (_, who, query, headers, status, code) => {
  const token = who === undefined ? {} : { token: ann }
  const answer = await ask(`/v1/stream?room=ward:1${query}`, { ...token, headers })
  expect(await problem(answer)).toMatchObject({ status, code })
})

test('a node that is stopping takes no stream', async () => {
  const stopping = askOf({ ...services, accepting: false })
  expect(await problem(await stopping('/v1/stream?room=ward:1', { token: ann }))).toMatchObject({
    status: 503,
    code: 'shutting_down',
  })
})

test('HEAD opens no session, and only GET is possible', async () => {
  expect((await ask('/v1/stream?room=ward:1', { token: ann, method: 'HEAD' })).status).toBe(405)
  const posted = await ask('/v1/stream?room=ward:1', { token: ann, method: 'POST' })
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect(services.hub.sessionsOf('acme', 'ann')).toEqual([])
})

test('an endpoint of the application streams its rooms in its own words', async () => {
  const stream = new BlockReader(await ask('/live/ward/7?room=lobby', { token: ann }))
  await stream.take('subscription', 2)
  await tell('ward:7', 'seven')
  expect((await stream.take('note.added'))[0]?.data).toEqual({ text: 'seven' })
  await stream.leave()
  const answer = await ask(`/live/open?token=${ann}`)
  expect(answer.status).toBe(200)
  await answer.body?.cancel()
  expect((await ask(`/live/ward/7?token=${ann}`)).status).toBe(401)
})

test('whom an administrator sends away is not let back in by the browser', async () => {
  const eve = await world.token('eve')
  const stream = new BlockReader(await ask('/v1/stream?room=lobby', { token: eve }))
  await stream.take('subscription')
  const chief = await world.token('chief', { roles: ['admin'] })
  await ask('/v1/users/eve/sessions', { token: chief, method: 'DELETE' })
  while (await stream.next());
  const back = { token: eve, headers: { 'last-event-id': stream.lastId } }
  expect((await ask('/v1/stream?room=lobby', back)).status).toBe(204)
  const elsewhere = await ask('/v1/stream?room=lobby2', back)
  expect(elsewhere.status).toBe(200)
  await elsewhere.body?.cancel()
  const afresh = await ask('/v1/stream?room=lobby', { token: eve })
  expect(afresh.status).toBe(200)
  await afresh.body?.cancel()
})

test('a revoked grant ends the room, and the next stream is refused', async () => {
  const kim = await world.token('kim', { grants: ['read:ward'] })
  const stream = new BlockReader(await ask('/v1/stream?room=ward:1&room=lobby', { token: kim }))
  await stream.take('subscription', 2)
  await services.auth.grants.revoke('acme', 'kim', ['read:ward'])
  await announceGrants(services, 'acme', 'kim')
  expect((await stream.take('subscription'))[0]?.data).toMatchObject({ status: 'unsubscribed', reason: 'revoked' })
  await stream.leave()
  const back = { token: kim, headers: { 'last-event-id': stream.lastId } }
  expect(await problem(await ask('/v1/stream?room=ward:1', back))).toMatchObject({ status: 403 })
})

test('a stream ends when its token does, and says why', async () => {
  const clock = fakeClock(Date.now())
  await using later = await startWorld({ app: clinic, clock })
  const token = await later.token('ann', { ttlSeconds: 60 })
  const stream = new BlockReader(await askOf(later.server.services)('/v1/stream?room=lobby', { token }))
  await stream.take('subscription')
  const told = stream.take('problem')
  await clock.advance(66_000)
  expect((await told)[0]?.data).toMatchObject({ code: 'token_expired' })
  expect(await stream.next()).toBeUndefined()
  expect(later.server.services.hub.sessions.size).toBe(0)
})
