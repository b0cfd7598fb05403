/** The HTTP API as a tenant's own server uses it, over real sockets: each operation once well, and once for each important refusal. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { homeTenant, meaningOf, startWorld, type World } from '@fanfare/testkit'
import type { AuthWithKeys } from '../../packages/server/src/auth/create-auth.ts'
import { clinic } from '../support/clinic.ts'
import { type Description, faultsOf } from './clients/openapi.ts'

let world: World
/** By scope, of the tenant of everybody here; and one of another tenant, for everything. */
const keys = { publish: '', read: '', admin: '', wards: '', foreign: '' }

const makeKey = async (tenantId: string, ...scopes: readonly string[]): Promise<string> => {
  const { keys: made } = world.server.services.auth as AuthWithKeys
  return (await made.create({ tenantId, name: scopes.join(' '), scopes })).key
}

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  keys.publish = await makeKey(homeTenant, 'publish')
  keys.read = await makeKey(homeTenant, 'read')
  keys.admin = await makeKey(homeTenant, 'admin')
  keys.wards = await makeKey(homeTenant, 'publish:ward:*', 'read:ward:*')
  keys.foreign = await makeKey('globex', 'publish', 'read', 'admin')
})
afterAll(() => world?.[Symbol.asyncDispose]())

type Asked = { readonly method?: string; readonly json?: unknown; readonly headers?: Record<string, string> }
type Body = { readonly [name: string]: unknown }
type Answer = { readonly status: number; readonly headers: Headers; readonly body: Body }

const ask = async (credential: string | undefined, path: string, asked: Asked = {}): Promise<Answer> => {
  const { json } = asked
  const method = asked.method ?? (json === undefined ? 'GET' : 'POST')
  const headers = new Headers({
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...asked.headers,
  })
  if (credential !== undefined) headers.set('authorization', `Bearer ${credential}`)
  const body = json === undefined ? null : JSON.stringify(json)
  const response = await fetch(`${world.url}${path}`, { method, headers, body })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } }
}

const eventsOf = (room: string) => `/v1/rooms/${encodeURIComponent(room)}/events`
const historyOf = (room: string, query = '') => `/v1/rooms/${encodeURIComponent(room)}/history${query}`
const counted = (n: number) => ({ event: 'counted', data: { n } })
const offsetsOf = ({ body }: Answer) => (body.events as { offset: number }[]).map(({ offset }) => offset)

test('publish: 201 with its position, 200 for the same key again, in the header or the body', async () => {
  const headers = { 'idempotency-key': 'reading-1' }
  const first = await ask(keys.publish, eventsOf('ward:p'), { json: counted(1), headers })
  expect(first.status).toBe(201)
  expect(first.body).toMatchObject({ room: 'ward:p', offset: 1, durability: 'disk', duplicate: false })
  const again = await ask(keys.publish, eventsOf('ward:p'), { json: { ...counted(1), key: 'reading-1' } })
  expect(again.status).toBe(200)
  expect(again.body).toEqual({ ...first.body, duplicate: true })
  expect((await ask(keys.publish, eventsOf('ward:p'), { json: counted(2) })).body).toMatchObject({ offset: 2 })
})

test('what a server publishes has no user; what a user publishes has theirs', async () => {
  const ann = await world.person('ann')
  await ann.joins('ward:who')
  await ask(keys.publish, eventsOf('ward:who'), { json: counted(1) })
  await ask(await world.token('bob'), eventsOf('ward:who'), { json: counted(2) })
  expect(await ann.hears('counted')).not.toHaveProperty('userId')
  expect(await ann.hears('counted')).toMatchObject({ userId: 'bob' })
})

test('publish many: each event is answered by itself, and one that is refused stops no other', async () => {
  const events = [
    { room: 'ward:m', ...counted(1), key: 'm1' },
    { room: 'ward:m', event: 'counted', data: { n: 'many' } },
    { room: 'nowhere', ...counted(1) },
    { room: 'ward:m', event: 'eaten', data: null },
    { room: 'corridor:m', ...counted(2) },
    { room: 'ward:m', ...counted(1), key: 'm1' },
  ]
  const answer = await ask(keys.publish, '/v1/events', { json: { events } })
  expect(answer.status).toBe(200)
  expect(answer.body.results).toMatchObject([
    { ok: true, result: { room: 'ward:m', offset: 1, duplicate: false } },
    { ok: false, problem: { code: 'invalid_payload', status: 422, retry: 'never' } },
    { ok: false, problem: { code: 'unknown_room', status: 404 } },
    { ok: false, problem: { code: 'unknown_event', status: 404 } },
    { ok: true, result: { room: 'corridor:m', offset: 1, durability: 'memory' } },
    { ok: true, result: { room: 'ward:m', offset: 1, duplicate: true } },
  ])
  const limited = await ask(keys.wards, '/v1/events', { json: { events: [events[0], events[4]] } })
  expect(limited.body.results).toMatchObject([{ ok: true }, { ok: false, problem: { code: 'forbidden' } }])
  const shapeless = await ask(keys.publish, '/v1/events', { json: { events: [events[0], { room: 'ward:m' }] } })
  expect(shapeless.body).toMatchObject({ code: 'bad_frame', detail: expect.stringContaining('events.1.event') })
  const tooMany = Array.from({ length: 101 }, () => ({ room: 'ward:m', ...counted(1) }))
  expect((await ask(keys.publish, '/v1/events', { json: { events: tooMany } })).status).toBe(400)
})

test('history: the newest page, and both ways from there by cursor and by Link', async () => {
  const events = Array.from({ length: 7 }, (_, index) => ({ room: 'ward:h', ...counted(index + 1) }))
  await ask(keys.publish, '/v1/events', { json: { events } })
  const newest = await ask(keys.read, historyOf('ward:h', '?limit=3'))
  expect(offsetsOf(newest)).toEqual([5, 6, 7])
  const link = /^<([^>]+)>; rel="next"$/.exec(newest.headers.get('link') ?? '')?.[1]
  const older = await ask(keys.read, link!)
  expect(offsetsOf(older)).toEqual([2, 3, 4])
  expect(offsetsOf(await ask(keys.read, historyOf('ward:h', `?before=${older.body.next}&limit=3`)))).toEqual([1])
  const oldest = await ask(keys.read, historyOf('ward:h', '?after=earliest&limit=5'))
  expect(offsetsOf(oldest)).toEqual([1, 2, 3, 4, 5])
  const rest = await ask(keys.read, historyOf('ward:h', `?after=${oldest.body.next}&limit=5`))
  expect(offsetsOf(rest)).toEqual([6, 7])
  expect(rest.body).not.toHaveProperty('next')
  expect(rest.headers.has('link')).toBe(false)
  const elsewhere = await ask(keys.read, historyOf('ward:h', '?after=another-log.3'))
  expect([elsewhere.status, elsewhere.body.code]).toEqual([410, 'position_lost'])
})

test('presence: who is in a room', async () => {
  const ann = await world.person('ann')
  await ann.joins('ward:pr')
  await ann.asks({ type: 'presence', room: 'ward:pr', state: { at: 'desk' } })
  const answer = await ask(keys.read, '/v1/rooms/ward%3Apr/presence')
  expect(answer.body).toMatchObject({ room: 'ward:pr', members: [{ userId: 'ann', state: { at: 'desk' } }] })
})

test('a command: run once for each key, for users only', async () => {
  const token = await world.token('ann')
  const json = { input: { ward: 'c', text: 'hi' }, key: 'c1' }
  const first = await ask(token, '/v1/commands/message%3Asend', { json })
  expect(first).toMatchObject({ status: 200, body: { offset: 1 } })
  expect((await ask(token, '/v1/commands/message%3Asend', { json })).body).toEqual(first.body)
  expect(await ask(keys.publish, '/v1/commands/message%3Asend', { json })).toMatchObject({ status: 403 })
})

test('a grant made over HTTP opens a room at once; revoked, it stops deliveries within a second', async () => {
  const nurse = await world.person('nurse')
  const grants = '/v1/users/nurse/grants'
  const json = { grants: ['read:patient:42'] }
  expect((await ask(await world.token('nurse'), historyOf('patient:42'))).status).toBe(403)
  expect((await ask(keys.admin, grants, { json })).body).toEqual({ granted: ['read:patient:42'], revoked: [] })
  await nurse.joins('patient:42')
  const note = { event: 'message.created', data: { text: 'one' } }
  await ask(keys.publish, eventsOf('patient:42'), { json: note })
  await nurse.hears('message.created')

  const revoked = performance.now()
  expect(await ask(keys.admin, grants, { method: 'DELETE', json })).toMatchObject({ body: { granted: [] } })
  expect(await nurse.sees('subscription', 1_000)).toMatchObject({ room: 'patient:42', reason: 'revoked' })
  expect(performance.now() - revoked).toBeLessThan(1_000)
  await ask(keys.publish, eventsOf('patient:42'), { json: note })
  nurse.sends({ type: 'ping' })
  await nurse.sees('pong')
  expect(nurse.heard).toHaveLength(1)
  expect((await ask(keys.admin, grants)).body).toEqual({ granted: [], revoked: ['read:patient:42'] })
})

test('sessions are listed and ended, one or all of a user, and their tokens with them', async () => {
  const phone = await world.person('carol')
  const desk = await world.person('carol')
  const dave = await world.person('dave')
  await phone.joins('ward:s')
  const listed = await ask(keys.admin, '/v1/sessions?userId=carol')
  const sessions = listed.body.sessions as { session: string; rooms: string[] }[]
  expect(sessions).toHaveLength(2)
  const [withRoom] = sessions.filter(({ rooms }) => rooms.includes('ward:s'))
  const one = await ask(keys.admin, `/v1/sessions/${withRoom!.session}?userId=carol`, { method: 'DELETE' })
  expect(one.status).toBe(204)
  expect(meaningOf(await phone.closed)).toBe('disconnected')

  const token = await world.token('carol')
  expect((await ask(token, historyOf('ward:s'))).status).toBe(200)
  await ask(keys.admin, '/v1/users/carol/sessions?tokens=revoke', { method: 'DELETE' })
  expect(meaningOf(await desk.closed)).toBe('disconnected')
  expect((await ask(token, historyOf('ward:s'))).status).toBe(401)
  dave.sends({ type: 'ping' })
  await dave.sees('pong')
  expect((await ask(keys.foreign, '/v1/sessions')).body).toEqual({ sessions: [] })
})

test('statistics count this tenant alone', async () => {
  const erin = await world.person('erin')
  await erin.joins('ward:stats')
  const { body } = await ask(keys.read, '/v1/stats')
  expect(body).toMatchObject({ sessionsByRoom: { 'ward:stats': 1 }, sessionsByUser: { erin: 1 } })
  expect((await ask(keys.foreign, '/v1/stats')).body).toMatchObject({ sessions: 0, users: 0, rooms: 0 })
})

test('a ticket is for users', async () => {
  expect((await ask(await world.token('ann'), '/v1/tickets', { method: 'POST' })).status).toBe(201)
  expect((await ask(keys.admin, '/v1/tickets', { method: 'POST' })).status).toBe(403)
})

/** Each with the key that would be enough but for what is wrong. */
const refused: readonly (readonly [
  what: string,
  by: keyof typeof keys | undefined,
  path: string,
  asked: Asked,
  code: string,
])[] = [
  ['nobody publishes', undefined, eventsOf('ward:1'), { json: counted(1) }, 'unauthenticated'],
  ['a reader publishes', 'read', eventsOf('ward:1'), { json: counted(1) }, 'forbidden'],
  ['outside the scope', 'wards', eventsOf('corridor:1'), { json: counted(1) }, 'forbidden'],
  ['an unknown room', 'publish', eventsOf('nowhere'), { json: counted(1) }, 'unknown_room'],
  ['a name that is none', 'publish', eventsOf('ward:*'), { json: counted(1) }, 'bad_name'],
  ['an unknown event', 'publish', eventsOf('ward:1'), { json: { event: 'eaten', data: 1 } }, 'unknown_event'],
  ['data of another shape', 'publish', eventsOf('ward:1'), { json: { event: 'counted', data: {} } }, 'invalid_payload'],
  ['no event', 'publish', eventsOf('ward:1'), { json: { data: 1 } }, 'bad_frame'],
  [
    'no JSON',
    'publish',
    eventsOf('ward:1'),
    { method: 'POST', headers: { 'content-type': 'text/plain' } },
    'bad_frame',
  ],
  ['a body of more than 1 MB', 'publish', eventsOf('ward:1'), { json: { event: 'x'.repeat(1_100_000) } }, 'too_large'],
  ['another tenant named', 'publish', `${eventsOf('ward:1')}?tenantId=globex`, { json: counted(1) }, 'tenant_mismatch'],
  ['a publisher reads', 'publish', historyOf('ward:1'), {}, 'forbidden'],
  ['both ways at once', 'read', historyOf('ward:1', '?after=earliest&before=a.1'), {}, 'bad_frame'],
  ['a cursor that is none', 'read', historyOf('ward:1', '?after=yesterday'), {}, 'bad_frame'],
  ['no limit', 'read', historyOf('ward:1', '?limit=0'), {}, 'bad_frame'],
  ['presence where there is none', 'read', '/v1/rooms/corridor%3A1/presence', {}, 'forbidden'],
  ['a publisher administers', 'publish', '/v1/sessions', {}, 'forbidden'],
  ['grants without admin', 'read', '/v1/users/ann/grants', {}, 'forbidden'],
  ['a grant that is none', 'admin', '/v1/users/ann/grants', { json: { grants: ['patient'] } }, 'invalid_payload'],
  ['statistics for a publisher', 'publish', '/v1/stats', {}, 'forbidden'],
  ['an unknown path', 'admin', '/v1/nothing', {}, 'not_found'],
]

test.each(refused)('refused as a problem: %s', async (_, by, path, asked, code) => {
  const { status, headers, body } = await ask(by === undefined ? undefined : keys[by], path, asked)
  expect(body).toMatchObject({ code, status, title: expect.any(String), detail: expect.any(String) })
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
})

test('the id of a key is nothing without its secret', async () => {
  const [prefix, id] = keys.admin.split('_')
  const forged = `${prefix}_${id}_${'A'.repeat(43)}`
  expect(await ask(forged, '/v1/stats')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
})

test('a user that asks too much is told when to come back', async () => {
  await using small = await startWorld({
    app: clinic,
    config: { limits: { framesPerSecondPerUser: 5, framesBurst: 5 } },
  })
  const headers = { authorization: `Bearer ${await small.token('ann')}` }
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => fetch(`${small.url}${historyOf('ward:1')}`, { headers })),
  )
  const late = answers.filter(({ status }) => status === 429)
  expect(late.length).toBeGreaterThan(20)
  expect(Number(late[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await late[0]?.json()).toMatchObject({ code: 'rate_limited', retry: 'later' })
})

test('health says alive; ready says whether an event comes through the engine', async () => {
  await using node = await startWorld({ app: clinic })
  const look = (path: string) => fetch(`${node.url}${path}`)
  expect(await (await look('/health')).json()).toMatchObject({ status: 'ok', version: expect.any(String) })
  expect((await look('/ready')).status).toBe(200)
  // The engine is there and takes nothing more, as when its disk is full. An answer is shared for a second.
  Object.assign(node.server.services.engine.log, { publish: () => Promise.reject(new Error('the disk is full')) })
  let stopped = await look('/ready')
  const deadline = Date.now() + 5_000
  while (stopped.status === 200 && Date.now() < deadline) stopped = await look('/ready')
  expect(stopped.status).toBe(503)
  expect(await stopped.json()).toMatchObject({ code: 'unavailable', retry: 'later' })
  expect((await look('/health')).status).toBe(200)
  expect(await (await look('/metrics')).text()).toContain('\nfanfare_ready 0\n')
})

/** Prometheus' text format: what was said of each metric, and its samples. */
const parseMetrics = (text: string) => {
  const told = new Map<string, Set<string>>()
  const samples = new Map<string, number>()
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const about = /^# (HELP|TYPE) ([a-z_]+) \S.*$/.exec(line)
    const sample = /^([a-z_]+(?:\{[a-z]+="[^"]*"\})?) (-?[\d.e+-]+|[+-]Inf|NaN)$/.exec(line)
    if (about) told.set(about[2]!, (told.get(about[2]!) ?? new Set()).add(about[1]!))
    else if (sample) samples.set(sample[1]!, Number(sample[2]))
    else throw new Error(`This is no line of the format: ${line}`)
  }
  return { told, samples }
}

test('metrics can be read by Prometheus, and count', async () => {
  const read = async () => parseMetrics(String((await ask(undefined, '/metrics')).body.text))
  const before = await read()
  for (const n of [1, 2, 3]) await ask(keys.publish, eventsOf('corridor:metrics'), { json: counted(n) })
  const after = await read()
  const grown = (name: string) => after.samples.get(name)! - before.samples.get(name)!
  expect(grown('fanfare_events_published_total')).toBe(3)
  expect(grown('fanfare_publish_seconds_count')).toBe(3)
  for (const name of after.samples.keys()) {
    const family = name.replace(/\{.*$/, '').replace(/_(bucket|sum|count)$/, '')
    expect([name, [...(after.told.get(family) ?? after.told.get(name) ?? [])]]).toEqual([name, ['HELP', 'TYPE']])
  }
})

test('the description is OpenAPI 3.1, whole in itself, and everything in it answers', async () => {
  const description = (await ask(undefined, '/openapi.json')).body as unknown as Description
  expect(faultsOf(description)).toEqual([])
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const real = path
        .replace('{room}', 'ward%3A1')
        .replace('{name}', 'nothing')
        .replaceAll(/\{\w+\}/g, 'nobody')
      const { status, body } = await ask(undefined, real, { method: method.toUpperCase() })
      // Here no client module is served, and a link is not opened by a plain request.
      const documented = [...Object.keys(operation.responses), ...(path === '/v1/websocket' ? ['404', '426'] : [])]
      expect([method, path, documented]).toEqual([method, path, expect.arrayContaining([String(status)])])
      if (path !== '/v1/websocket' && path !== '/fanfare/client.js') expect(body.code).not.toBe('not_found')
    }
  }
  expect((await ask(undefined, '/docs')).headers.get('content-type')).toStartWith('text/html')
})
