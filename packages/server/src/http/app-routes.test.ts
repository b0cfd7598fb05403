import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { createQuotas } from '../auth/quotas.ts'
import type { Services } from '../flows/services.ts'
import type { LogFields } from '../lib/log.ts'
import { silentLog } from '../lib/log.ts'
import { type Ask, askOf, clinic } from './clinic.fixture.ts'

let world: World
let services: Services
let ask: Ask
let token: string
const errors: LogFields[] = []

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  services = { ...world.server.services, log: { ...silentLog, error: (fields) => errors.push(fields) } }
  ask = askOf(services)
  token = await world.token('ann')
})
afterAll(() => world[Symbol.asyncDispose]())

test('a route is given who asks, in which tenant, and what', async () => {
  const answer = await ask('/beds/4%2F2?sort=name', { token })
  expect(await answer.json()).toEqual({ bed: '4/2', sort: 'name', tenantId: 'acme', user: 'ann' })
})

test('a route for users is closed to others', async () => {
  expect((await ask('/beds/4')).status).toBe(401)
  const server = { kind: 'server', tenantId: 'acme', keyId: 'k', scopes: ['admin'] } as const
  const withKey = askOf({ ...services, auth: { ...services.auth, verifyKey: async () => server } })
  expect((await withKey('/beds/4', { token: 'ff_key' })).status).toBe(403)
  expect((await withKey('/v1/stats', { token: 'ff_key' })).status).toBe(200)
})

test('bodies are held to the limits before the route sees them', async () => {
  expect(await (await ask('/echo', { token, json: { a: 1 } })).json()).toEqual({ got: { a: 1 } })
  const deep = { method: 'POST', token, body: '['.repeat(500), headers: { 'content-type': 'application/json' } }
  expect(await (await ask('/echo', deep)).json()).toMatchObject({ code: 'unsafe_json' })
  const large = { method: 'POST', token, body: new Uint8Array(1024 * 1024 + 1) }
  expect(await (await ask('/echo', large)).json()).toMatchObject({ code: 'too_large' })
})

test('a route without a user has no tenant, so its verbs fail, loudly and here only', async () => {
  const answer = await ask('/sign-in', { method: 'POST' })
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({ code: 'internal' })
  expect(String(errors.at(-1)?.error)).toContain("POST /sign-in has auth 'none'")
})

test('S-15: a route that asks nobody who they are takes so much from one address, and says when to come back', async () => {
  const quotas = createQuotas({
    clock: services.clock,
    limits: services.limits,
    anonymousRate: { perSecond: 1, burst: 3 },
  })
  const askStrictly = askOf({ ...services, quotas })
  const statuses = []
  for (let count = 0; count < 4; count++) statuses.push((await askStrictly('/page')).status)
  expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  const refused = await askStrictly('/page')
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', retry: 'later' })
})

test('what a route throws is logged, and not told', async () => {
  const answer = await ask('/broken', { token })
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('secret detail')
  expect(String(errors.at(-1)?.error)).toContain('a secret detail')
})

test('a route that answers nothing answers 204; one that answers a Response is not touched', async () => {
  expect((await ask('/nothing', { token })).status).toBe(204)
  const away = await ask('/elsewhere')
  expect([away.status, away.headers.get('location')]).toEqual([302, 'https://example.org/'])
  expect(away.headers.get('x-content-type-options')).toBe('nosniff')
})

test('a page gets headers that keep it from loading and framing, unless it has its own', async () => {
  const page = await ask('/page')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(page.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
})

test('what is not there is a problem, and so is a method that an address does not take', async () => {
  expect(await (await ask('/nowhere')).json()).toMatchObject({ status: 404, code: 'not_found' })
  const wrong = await ask('/beds/4', { method: 'PUT', token })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect((await ask('/v1/events')).headers.get('allow')).toBe('POST')
  const asked = await ask('/v1/users/ann/grants', { method: 'OPTIONS' })
  expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'GET, POST, DELETE, OPTIONS'])
  expect(await (await ask('/health', { method: 'HEAD' })).text()).toBe('')
})
