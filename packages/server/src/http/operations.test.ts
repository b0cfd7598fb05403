import { afterAll, beforeAll, expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { fakeClock, startWorld, type World } from '@fanfare/testkit'
import { trustProxies } from '../auth/client-address.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { Canary } from '../flows/canary.ts'
import type { Services } from '../flows/services.ts'
import { noMetrics } from '../lib/metrics.ts'
import { type Asked, askOf, clinic } from './clinic.fixture.ts'

let world: World
let services: Services

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  services = world.server.services
})
afterAll(() => world[Symbol.asyncDispose]())

test('a node that lives says so, with its version and age', async () => {
  const clock = fakeClock()
  const ask = askOf({ ...services, clock })
  await clock.advance(90_000)
  expect(await (await ask('/health')).json()).toEqual({ status: 'ok', version: '1.2.3', uptimeSeconds: 90 })
})

test('a node is ready when an event came through its engine', async () => {
  const answer = await askOf(services)('/ready')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ status: 'ready', canaryMs: expect.any(Number) })
})

test('it is not when the engine refuses the event, nor when the event does not come back, and says which', async () => {
  const clock = fakeClock()
  const refuses = {
    ...services.engine.log,
    listen: () => Promise.resolve(),
    publish: () => Promise.reject(new FanfareError('unavailable', 'the disk is full')),
  }
  const canaryOn = (log: RoomLog) =>
    new Canary({ engine: { ...services.engine, log }, clock, log: services.log, metrics: noMetrics })
  const refused = await askOf({ ...services, canary: canaryOn(refuses) })('/ready')
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toMatchObject({
    code: 'unavailable',
    detail: expect.stringContaining('the disk is full'),
  })

  const swallows = { ...refuses, publish: () => new Promise<never>(() => {}) }
  const waiting = askOf({ ...services, canary: canaryOn(swallows) })('/ready')
  await clock.advance(2_000)
  expect(await (await waiting).json()).toMatchObject({ detail: expect.stringContaining('did not come back') })
})

test('nor while it stops; it lives on, and takes no new work', async () => {
  const ask = askOf({ ...services, accepting: false })
  expect(await (await ask('/ready')).json()).toMatchObject({ status: 503, code: 'shutting_down' })
  expect((await ask('/health')).status).toBe(200)
  const token = await world.token('ann')
  expect((await ask('/v1/rooms/lobby/history', { token })).status).toBe(503)
})

const proxied = trustProxies(['10.0.0.1', '127.0.0.9'])
const from = (address: string, forwarded?: string): Asked => ({
  address,
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
})

test.each([
  ['from this machine', from('127.0.0.1'), 200],
  ['from this machine, over IPv6', from('::1'), 200],
  ['from this machine, on a socket of both families', from('::ffff:127.0.0.1'), 200],
  ['from another machine', from('10.0.0.7'), 403],
  ['from another machine that claims to be this one', from('10.0.0.7', '127.0.0.1'), 403],
  ['from elsewhere, through a proxy that is trusted', from('10.0.0.1', '203.0.113.9'), 403],
  ['from elsewhere, through a trusted proxy on this machine', from('127.0.0.9', '203.0.113.9'), 403],
  ['from this machine, through a trusted proxy on it', from('127.0.0.9', '127.0.0.1'), 200],
  ['from elsewhere, through a proxy on this machine that nobody declared', from('127.0.0.1', '203.0.113.9'), 403],
])('without a token, metrics are told to this machine only: %s', async (_, asked, status) => {
  expect((await askOf(services, { trustedProxies: proxied })('/metrics', asked)).status).toBe(status)
})

test('with a token, metrics are told to whoever knows it, wherever they are', async () => {
  const ask = askOf(services, { metricsToken: 'm-secret' })
  expect((await ask('/metrics', { token: 'm-secret', address: '203.0.113.9' })).status).toBe(200)
  expect((await ask('/metrics', { token: 'm-secreT' })).status).toBe(401)
  expect((await ask('/metrics')).headers.get('www-authenticate')).toBe('Bearer')
})

test('the client’s module is made once, and asked for again with its tag', async () => {
  let made = 0
  const broken = () => Promise.reject(new Error('no bundler'))
  const ask = askOf(services, { clientBundle: () => (made++ === 0 ? broken() : Promise.resolve('export const a = 1')) })
  expect((await ask('/fanfare/client.js')).status).toBe(500)
  const first = await ask('/fanfare/client.js')
  expect(first.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(await first.text()).toBe('export const a = 1')
  const tag = first.headers.get('etag') ?? ''
  expect((await ask('/fanfare/client.js', { headers: { 'if-none-match': `W/"x", ${tag}` } })).status).toBe(304)
  expect(made).toBe(2)
  expect((await askOf(services)('/fanfare/client.js')).status).toBe(404)
})
