/**
 * S-23 and S-12: every verb of the API has its entry in the audit of its tenant, whichever way it came in, and nothing that was
 * said or shown to prove who one is stands in any of them.
 */
import { expect, test } from 'bun:test'
import type { ClientFrame } from '@fanfare/protocol'
import { command, defineApp } from '@fanfare/server'
import { type Actor, fakeClock, homeTenant, refusal, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { connectClient } from './clients/socketio.ts'

const canary = 'kanari-of-what-was-said'

const app = defineApp({
  rooms: {
    'ward:{ward}': {
      events: { 'message.created': z.object({ text: z.string() }) },
      log: { keep: 100, for: '1h' },
      access: 'tenant',
      publish: 'tenant',
      presence: true,
    },
    'patient:{patientId}': {
      events: { 'message.created': z.object({ text: z.string() }) },
      log: { keep: 100, for: '1h' },
      access: ({ user, params }) => user.may('read', 'patient', params.patientId),
    },
  },
  commands: {
    'note:keep': command(z.object({ text: z.string() }), async () => null),
  },
  routes: { 'GET /reports': () => ({ reports: 0 }) },
  socketio: {
    namespaces: { '/': { refresh: 'auth:refresh', on: { hello: () => 'hello' } } },
  },
})

type AuditRow = Awaited<ReturnType<ReturnType<World['server']['services']['contextOf']>['audit']['list']>>[number]

/** What of the audit says who did what, without what differs from run to run. */
const sayings = (rows: readonly AuditRow[]): readonly string[] =>
  rows.map(({ action, actor, subject, detail }) => {
    const who = 'id' in actor ? actor.id : actor.kind
    const what = /^session\.(opened|closed|refreshed)$/.test(action) ? '' : ` ${subject ?? ''}`
    const why = detail?.code === undefined ? '' : ` ${detail.code}`
    return `${who} ${action}${what}${why}`.trim()
  })

const auditOf = async (world: World, tenantId = homeTenant): Promise<readonly AuditRow[]> => {
  const { services } = world.server
  // What was told before this is kept before it.
  await services.audit.record({
    tenantId,
    action: 'administration',
    actor: { kind: 'operator' },
    subject: 'read by a test',
  })
  return services.contextOf({ tenantId }).audit.list({ limit: 10_000 })
}

const says = async (world: World, tenantId?: string) => sayings(await auditOf(world, tenantId))

/** Every kind of frame that a client can send, done once; and what must stand in the audit then. */
const byFrame = {
  auth: {
    run: async (ann, world) => ann.asks({ type: 'auth', id: 1, token: await world.token('ann') }),
    entry: 'ann session.refreshed',
  },
  subscribe: { run: (ann) => ann.joins('ward:3'), entry: 'ann room.subscribed ward:3' },
  publish: {
    run: (ann) => ann.says('ward:3', 'message.created', { text: canary }),
    entry: 'ann room.published ward:3',
  },
  history: { run: (ann) => ann.reads('ward:3'), entry: 'ann history.read ward:3' },
  presence: { run: (ann) => ann.asks({ type: 'presence', id: 2, room: 'ward:3' }), entry: 'ann presence.read ward:3' },
  command: {
    run: (ann) => ann.asks({ type: 'command', id: 3, name: 'note:keep', input: { text: canary } }),
    entry: 'ann command.run note:keep',
  },
  unsubscribe: { run: (ann) => ann.leaves('ward:3'), entry: 'ann room.left ward:3' },
  // They say that the connection lives, and nothing of anybody.
  ping: { run: async (ann) => ann.sends({ type: 'ping' }), entry: undefined },
  pong: { run: async (ann) => ann.sends({ type: 'pong' }), entry: undefined },
} as const satisfies {
  readonly [Type in ClientFrame['type']]: {
    readonly run: (ann: Actor, world: World) => Promise<unknown>
    readonly entry: string | undefined
  }
}

test('every frame of the native protocol, and the refusals of each', async () => {
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  for (const { run } of Object.values(byFrame)) await run(ann, world)
  await refusal(ann.joins('patient:42'))
  await refusal(ann.reads('patient:42'))
  await refusal(ann.says('patient:42', 'message.created', { text: canary }))
  await refusal(ann.joins('nowhere:at:all'))
  await refusal(ann.asks({ type: 'command', id: 9, name: 'note:keep', input: { wrong: canary } }))
  await ann.goes()
  const told = await says(world)
  expect(told[0]).toBe('ann session.opened')
  for (const { entry } of Object.values(byFrame)) if (entry) expect(told).toContain(entry)
  expect(told).toContain('ann room.refused patient:42 forbidden')
  expect(told).toContain('ann room.refused nowhere:at:all unknown_room')
  expect(told).toContain('ann command.refused note:keep invalid_payload')
  expect(told).toContain('ann session.closed')
  const refused = (await auditOf(world))
    .filter(({ action }) => action === 'room.refused')
    .map(({ detail }) => detail?.action)
  expect(refused).toEqual(expect.arrayContaining(['subscribe']))
})

type Asked = {
  readonly method?: string
  readonly path: string
  readonly json?: unknown
  readonly entry: string | undefined
}

/** Every operation that the server describes; those without an entry say why. */
const byOperation: { readonly [operation: string]: Asked } = {
  publish: {
    method: 'POST',
    path: '/v1/rooms/ward:3/events',
    json: { event: 'message.created', data: { text: canary } },
    entry: 'admin room.published ward:3',
  },
  publishMany: {
    method: 'POST',
    path: '/v1/events',
    json: { events: [{ room: 'ward:4', event: 'message.created', data: { text: canary } }] },
    entry: 'admin room.published ward:4',
  },
  history: { path: '/v1/rooms/ward:3/history', entry: 'admin history.read ward:3' },
  presence: { path: '/v1/rooms/ward:3/presence', entry: 'admin presence.read ward:3' },
  command: {
    method: 'POST',
    path: '/v1/commands/note:keep',
    json: { input: { text: canary } },
    entry: 'admin command.run note:keep',
  },
  ticket: { method: 'POST', path: '/v1/tickets', entry: 'admin ticket.issued' },
  grants: { path: '/v1/users/bob/grants', entry: 'admin administration bob' },
  grant: {
    method: 'POST',
    path: '/v1/users/bob/grants',
    json: { grants: ['read:patient:1'] },
    entry: 'admin grant.given bob',
  },
  revoke: {
    method: 'DELETE',
    path: '/v1/users/bob/grants',
    json: { grants: ['read:patient:1'] },
    entry: 'admin grant.revoked bob',
  },
  sessions: { path: '/v1/sessions?userId=bob', entry: 'admin administration bob' },
  endSession: { method: 'DELETE', path: '/v1/sessions/abc?userId=bob', entry: 'admin session.ended bob' },
  endSessions: { method: 'DELETE', path: '/v1/users/bob/sessions?tokens=revoke', entry: 'admin token.revoked bob' },
  stats: { path: '/v1/stats', entry: 'admin administration' },
  stream: { path: '/v1/stream?room=ward:3', entry: 'admin room.subscribed ward:3' },
  // Whoever asks is nobody's user, and what they are told is of no tenant.
  health: { path: '/health', entry: undefined },
  ready: { path: '/ready', entry: undefined },
  metrics: { path: '/metrics', entry: undefined },
  // A WebSocket: the frames above.
  websocket: { path: '/v1/websocket', entry: undefined },
}

/** Operations of features are told by them; the application's own route stands for all. */
const isOurs = (path: string) =>
  !path.startsWith('/v1/chat') &&
  !path.startsWith('/v1/notifications') &&
  !/^\/v1\/users\/[^/]+\/(notifications|status)/.test(path)

test('every operation of the HTTP API', async () => {
  await using world = await startWorld({ app })
  const described = (await (await fetch(`${world.url}/openapi.json`)).json()) as {
    readonly paths: { readonly [path: string]: { readonly [method: string]: { readonly operationId?: string } } }
  }
  const operations = Object.entries(described.paths)
    .filter(([path]) => isOurs(path))
    .flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId))
    .filter((name) => name !== undefined)
  const unknown = operations.filter(
    (name) => byOperation[name] === undefined && !/^(clientModule|get.*|reports)$/i.test(name),
  )
  expect(unknown).toEqual([])
  for (const [name, { method = 'GET', path, json }] of Object.entries(byOperation)) {
    const body =
      json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }
    const response = await world.asks(path, { as: 'admin', claims: { roles: ['admin'] }, method, ...body })
    if (name !== 'websocket') expect(`${name} ${response.ok}`).toBe(`${name} true`)
    await response.body?.cancel()
  }
  await (await world.asks('/reports', { as: 'admin' })).text()
  const told = await says(world)
  for (const { entry } of Object.values(byOperation)) if (entry) expect(told).toContain(entry)
  expect(told).toContain('admin command.run GET /reports')
  expect(told).toContain('admin session.ended bob')
})

test('who may not administer, and what an API key does', async () => {
  await using world = await startWorld({ app })
  expect((await world.asks('/v1/sessions', { as: 'ann' })).status).toBe(403)
  const { auth } = world.server.services
  const keys = (auth as typeof auth & { keys: { create(key: object): Promise<{ id: string; key: string }> } }).keys
  const { id, key } = await keys.create({ tenantId: homeTenant, name: 'gateway', scopes: ['read'] })
  for (let time = 0; time < 3; time++) {
    const response = await fetch(`${world.url}/v1/rooms/ward:3/history`, {
      headers: { authorization: `Bearer ${key}` },
    })
    expect(response.status).toBe(200)
  }
  const told = await says(world)
  expect(told).toContain('ann request.refused GET /v1/sessions forbidden')
  expect(told.filter((one) => one.startsWith(`${id} key.used`))).toHaveLength(1)
  expect(told.filter((one) => one === `${id} history.read ward:3`)).toHaveLength(3)
  expect(JSON.stringify(await auditOf(world))).not.toContain(key.slice(-20))
})

test('every verb of a Socket.IO client', async () => {
  await using world = await startWorld({ app })
  const token = await world.token('ann')
  {
    using client = await connectClient({ url: world.url, token, transports: ['websocket'] })
    expect(await client.asks('hello')).toEqual(['hello'])
    await client.asks('note:keep', { text: canary })
    await client.asks('auth:refresh', await world.token('ann'))
  }
  const told = await says(world)
  for (const entry of [
    'ann session.opened',
    'ann command.run hello',
    'ann command.run note:keep',
    'ann session.refreshed',
  ]) {
    expect(told).toContain(entry)
  }
})

test('who was turned away is in the chain of a tenant that was verified, and else counted in the operator’s', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app, clock })
  const streams = (credential: string) =>
    fetch(`${world.url}/v1/stream?room=ward:3`, { headers: { authorization: `Bearer ${credential}` } })
  const over = await world.token('ann', { ttlSeconds: 60 })
  await clock.advance(120_000)
  expect((await streams(over)).status).toBe(401)
  const forged = `${(await world.token('ann')).slice(0, -6)}AAAAAA`
  for (let time = 0; time < 5; time++) expect((await streams(forged)).status).toBe(401)
  expect((await world.asks('/v1/stream?room=ward:3&tenantId=other', { as: 'ann' })).status).toBe(403)
  const told = await says(world)
  expect(told).toContain('ann session.refused  token_expired')
  expect(told).toContain('ann session.refused  tenant_mismatch')
  expect(await says(world, 'other')).toEqual(['operator administration read by a test'])
  const strangers = await auditOf(world, '$operator')
  expect(sayings(strangers)).toContain('unknown session.refused  unauthenticated')
  expect(strangers.filter(({ detail }) => detail?.code === 'unauthenticated')).toHaveLength(1)
  await clock.advance(60_000)
  const counted = (await auditOf(world, '$operator')).find(({ detail }) => detail?.times !== undefined)
  expect(counted?.detail).toEqual({ code: 'unauthenticated', times: 4 })
})

test('S-12: nothing that was said, and no token, is in the whole audit', async () => {
  await using world = await startWorld({ app })
  const token = await world.token('ann')
  const ann = await world.open('ann', { token })
  await ann.sees('connected')
  await ann.joins('ward:3')
  await ann.says('ward:3', 'message.created', { text: canary })
  await ann.asks({ type: 'presence', id: 1, room: 'ward:3', state: { mood: canary } })
  await ann.joins(`ward:${token}`)
  await refusal(ann.asks({ type: 'command', id: 2, name: `${token}`, input: { text: canary } }))
  await refusal(ann.asks({ type: 'command', id: 3, name: 'note:keep', input: { text: 1, [canary]: canary } }))
  const whole = JSON.stringify([await auditOf(world), await auditOf(world, '$operator')])
  for (const secret of [canary, token, ...token.split('.').slice(1)]) expect(whole).not.toContain(secret)
})
