import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { trustProxies } from '../auth/client-address.ts'
import { clinic } from './clinic.fixture.ts'
import { createHttp } from './http.ts'
import { createMetrics } from './metrics.ts'

await using world = await startWorld({ app: clinic })
const http = createHttp({
  services: world.server.services,
  metrics: createMetrics(),
  settings: {
    version: '1',
    mode: 'development',
    allowedOrigins: 'same-origin',
    trustedProxies: trustProxies([]),
    metricsToken: undefined,
    clientBundle: undefined,
  },
})
const asks = (line: string, operations = false) => {
  const [method = '', path = ''] = line.split(' ')
  return http.owns({ operations })({ method, url: `http://host.test${path}` })
}

test.each([
  'POST /v1/rooms/ward%3A1/events',
  'GET /v1/rooms/a/history?limit=3',
  'OPTIONS /v1/rooms/a/events',
  'HEAD /v1/rooms/a/history',
  'GET /v1/stream?room=lobby',
  'GET /fanfare/client.js',
  'GET /live/ward/7',
  'OPTIONS /live/ward/7',
  'GET /beds/7',
  'POST /sign-in',
])('%s is ours', (line) => {
  expect(asks(line)).toBe(true)
})

test.each([
  'GET /',
  'GET /v1',
  'GET /v1/something/else',
  'DELETE /v1/tickets',
  'GET /sign-in',
  'POST /beds/7',
  'POST /live/ward/7',
  'GET /live/ward',
  'OPTIONS /elsewhere/entirely',
  'PROPFIND /v1/tickets',
])('%s is the host’s', (line) => {
  expect(asks(line)).toBe(false)
})

test.each(['/health', '/ready', '/metrics', '/openapi.json', '/docs', '/docs/style.css'])(
  '%s is ours only where the host says so',
  (path) => {
    expect([asks(`GET ${path}`), asks(`GET ${path}`, true)]).toEqual([false, true])
  },
)
