import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import { startWorld, type World } from '@fanfare/testkit'
import { createHospital } from '../../examples/hospital/app.ts'

const tenantId = 'tenant_1762083064503'
const ofNorth = { tenantId }

const openHospital = () => startWorld({ app: createHospital() })

type Frame = {
  readonly type: string
  readonly event?: { readonly [name: string]: Json }
  readonly [name: string]: unknown
}

/** A plain WebSocket, as the hospital's pages open it: token and tenant in the address. */
const connect = async (hospital: World, query: Record<string, string>) => {
  const socket = new WebSocket(`${hospital.url.replace('http', 'ws')}/ws?${new URLSearchParams(query)}`)
  const frames: Frame[] = []
  const waiting: (() => void)[] = []
  socket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(data))
    for (const wake of waiting.splice(0)) wake()
  })
  const closed = new Promise<{ code: number }>((resolve) => socket.addEventListener('close', resolve))
  await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), closed])
  return {
    frames,
    closed,
    send: (message: object) => socket.send(JSON.stringify(message)),
    async sees(type: string, match: (frame: Frame) => boolean = () => true): Promise<Frame> {
      const deadline = Date.now() + 5_000
      while (Date.now() < deadline) {
        const found = frames.find((frame) => frame.type === type && match(frame))
        if (found) return found
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 50)
          waiting.push(resolve)
        })
      }
      throw new Error(`No ${type} came, but ${JSON.stringify(frames)}`)
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

const api = async (hospital: World, path: string, token: string, body?: object) => {
  const response = await fetch(`${hospital.url}/api${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  return { status: response.status, body: (await response.json()) as Record<string, Json> }
}

const signIn = (hospital: World, email: string, password: string) =>
  api(hospital, '/auth/signin', '', { email, password })

test('the infrastructure test: connect, publish, hear, read back, count', async () => {
  await using hospital = await openHospital()
  const token = await hospital.token('7', ofNorth)
  using page = await connect(hospital, { token, tenantId })
  expect(await page.sees('connected')).toMatchObject({ message: expect.any(String), timestamp: expect.any(String) })
  await page.sees('subscription')

  const data = { message: 'Test alert' }
  const body = { tenant_id: tenantId, event_type: 'system.alert', data }
  expect(await api(hospital, '/realtime/test-event', token, body)).toMatchObject({
    status: 200,
    body: { message: expect.any(String) },
  })
  const expected = { type: 'system.alert', tenantId, userId: 7, data, timestamp: expect.stringMatching(/Z$/) }
  expect((await page.sees('event')).event).toEqual(expected)

  const recent = await api(hospital, `/realtime/events/${tenantId}`, token)
  expect(recent).toEqual({ status: 200, body: { events: [expected] } })
  const stats = await api(hospital, '/realtime/stats', token)
  expect(stats.body).toEqual({ total_connections: 1, timestamp: expect.any(String) })
})

test('a ping is answered with the time', async () => {
  await using hospital = await openHospital()
  using page = await connect(hospital, { token: await hospital.token('7', ofNorth), tenantId })
  page.send({ type: 'ping' })
  expect(await page.sees('pong')).toHaveProperty('timestamp')
})

test('an event reaches every session of its tenant and nobody else', async () => {
  await using hospital = await openHospital()
  const token = await hospital.token('7', ofNorth)
  using one = await connect(hospital, { token, tenantId })
  using two = await connect(hospital, { token: await hospital.token('8', ofNorth), tenantId })
  const southToken = await hospital.token('7', { tenantId: 'tenant_south' })
  using south = await connect(hospital, { token: southToken, tenantId: 'tenant_south' })
  for (const page of [one, two, south]) await page.sees('subscription')
  await api(hospital, '/realtime/test-event', token, {
    tenant_id: tenantId,
    event_type: 'patient.created',
    data: { id: 1 },
  })
  await api(hospital, '/realtime/test-event', southToken, {
    tenant_id: 'tenant_south',
    event_type: 'patient.updated',
    data: {},
  })
  for (const page of [one, two]) expect((await page.sees('event')).event).toMatchObject({ type: 'patient.created' })
  expect((await south.sees('event')).event).toMatchObject({ type: 'patient.updated', tenantId: 'tenant_south' })
})

test('a token that is missing, false or of another tenant opens nothing', async () => {
  await using hospital = await openHospital()
  const token = await hospital.token('7', ofNorth)
  for (const query of [
    { token: 'test_token', tenantId },
    { token, tenantId: 'tenant_south' },
  ]) {
    using page = await connect(hospital, query)
    expect([4401, 4403]).toContain((await page.closed).code)
    expect(page.frames.map((frame) => frame.type)).not.toContain('connected')
  }
  expect((await api(hospital, '/realtime/stats', 'test_token')).status).toBe(401)
  const elsewhere = { tenant_id: 'tenant_south', event_type: 'system.alert', data: {} }
  expect(await api(hospital, '/realtime/test-event', token, elsewhere)).toMatchObject({
    status: 403,
    body: { code: 'tenant_mismatch' },
  })
  expect((await api(hospital, '/realtime/events/tenant_south', token)).status).toBe(403)
  const unknown = { tenant_id: tenantId, event_type: 'no.such.event', data: {} }
  expect((await api(hospital, '/realtime/test-event', token, unknown)).status).toBe(422)
})

test('recent events come newest first, as many as asked, and outlive a restart', async () => {
  await using hospital = await openHospital()
  const token = await hospital.token('7', ofNorth)
  for (const number of [1, 2, 3]) {
    await api(hospital, '/realtime/test-event', token, {
      tenant_id: tenantId,
      event_type: 'usage.updated',
      data: { number },
    })
  }
  await hospital.restarts()
  const { body } = await api(hospital, `/realtime/events/${tenantId}?count=2`, token)
  expect(body.events).toMatchObject([{ data: { number: 3 } }, { data: { number: 2 } }])
})

test('signing in gives a token, remembers the visit and tells the tenant', async () => {
  await using hospital = await openHospital()
  using page = await connect(hospital, {
    token: await hospital.token('9', { tenantId: 'tenant_north' }),
    tenantId: 'tenant_north',
  })
  await page.sees('subscription')
  const first = await signIn(hospital, 'ada@north.example', 'north-demo-1')
  expect(first).toMatchObject({
    status: 200,
    body: { logins: 1, last_login: null, user: { id: 1, tenant_id: 'tenant_north' } },
  })
  expect((await page.sees('event')).event).toMatchObject({
    type: 'user.login',
    tenantId: 'tenant_north',
    userId: 1,
    data: { email: 'ada@north.example', name: 'Ada Park' },
  })
  await hospital.restarts()
  const second = await signIn(hospital, 'ada@north.example', 'north-demo-1')
  expect(second.body).toMatchObject({ logins: 2, last_login: expect.stringMatching(/^\d{4}-/) })
  const stats = await api(hospital, '/realtime/stats', String(second.body.token))
  expect(stats.status).toBe(200)
})

test('guessing passwords is refused, the same for known and unknown addresses, and soon not even tried', async () => {
  await using hospital = await openHospital()
  const known = await signIn(hospital, 'ben@north.example', 'guess')
  const unknown = await signIn(hospital, 'nobody@north.example', 'guess')
  expect(known.status).toBe(401)
  expect(unknown.body).toEqual(known.body)
  for (let tries = 0; tries < 4; tries++) await signIn(hospital, 'ben@north.example', 'guess')
  const right = await signIn(hospital, 'ben@north.example', 'north-demo-2')
  expect(right).toMatchObject({ status: 429, body: { code: 'rate_limited', retry: 'later' } })
})

test('the analytics feed counts the events of all tenants, for operators only and without what they say', async () => {
  await using hospital = await openHospital()
  await hospital.restarts()
  const operator = await hospital.person('op', { tenantId: 'operators' })
  await operator.joins('events:global')
  const token = await hospital.token('7', ofNorth)
  await api(hospital, '/realtime/test-event', token, {
    tenant_id: tenantId,
    event_type: 'patient.created',
    data: { name: 'somebody' },
  })
  expect((await operator.hears('event.counted')).data).toEqual({ type: 'patient.created', tenantId })
  const nurse = await hospital.person('7', ofNorth)
  await expect(nurse.joins('events:global')).rejects.toMatchObject({ code: 'forbidden' })
})
