/** A small clinic, and a way to ask a node's HTTP handlers without a socket. For tests only. */
import { z } from 'zod'
import { command, defineApp } from '../app/define-app.ts'
import { trustProxies } from '../auth/client-address.ts'
import type { Services } from '../flows/services.ts'
import { createHttp } from './http.ts'
import { createMetrics } from './metrics.ts'
import type { HttpSettings } from './settings.ts'

const note = z.object({ text: z.string() })

export const clinic = defineApp({
  rooms: {
    'ward:{ward}': {
      events: { 'note.added': note },
      log: { keep: 1_000, for: '1h' },
      access: ({ user, params }) => user.may('read', 'ward', params.ward),
      publish: 'tenant',
      presence: true,
    },
    'closed:{id}': { events: { 'note.added': note }, access: () => false },
    '{name}': { events: { 'note.added': note }, access: 'tenant', publish: 'tenant' },
  },
  commands: {
    'note:add': command(note, async ({ publish, user }, { text }) => {
      const { offset } = await publish('ward:1', 'note.added', { text: `${user.id}: ${text}` })
      return { offset }
    }),
    nothing: command(z.unknown(), () => undefined),
  },
  endpoints: {
    '/live/ward/{ward}': { subscribe: ['ward:{ward}'], words: { event: ({ data }) => data } },
    '/live/open': { subscribe: ['lobby'], tokenInQuery: true },
  },
  routes: {
    'GET /beds/{bed}': ({ params, query, tenantId, user }) => ({
      bed: params.bed,
      sort: query.get('sort'),
      tenantId,
      user: user?.id,
    }),
    'POST /echo': async ({ request }) => ({ got: (await request.json()) as unknown }),
    'POST /sign-in': { auth: 'none', handle: ({ publish }) => publish('lobby', 'note.added', { text: 'hello' }) },
    'GET /page': {
      auth: 'none',
      handle: () =>
        new Response('<p>hi', { headers: { 'content-type': 'text/html', 'x-frame-options': 'SAMEORIGIN' } }),
    },
    'GET /elsewhere': { auth: 'none', handle: () => Response.redirect('https://example.org/') },
    'GET /nothing': () => undefined,
    'GET /broken': () => {
      throw new Error('a secret detail')
    },
  },
})

export type Asked = RequestInit & {
  readonly token?: string
  /** The socket’s other end. @default 127.0.0.1 */
  readonly address?: string
  /** Sent as a JSON body, by POST unless the method is given. */
  readonly json?: unknown
}

export type Ask = (path: string, asked?: Asked) => Promise<Response>

/** Where the node of {@link askOf} believes itself to be. */
export const clinicOrigin = 'http://clinic.test'

const settings: HttpSettings = {
  version: '1.2.3',
  mode: 'development',
  allowedOrigins: 'same-origin',
  trustedProxies: trustProxies([]),
  metricsToken: undefined,
  clientBundle: undefined,
}

export const askOf = (services: Services, changed: Partial<HttpSettings> = {}): Ask => {
  const http = createHttp({ services, metrics: createMetrics(), settings: { ...settings, ...changed } })
  return (path, { token, address = '127.0.0.1', json, ...init } = {}) => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const body = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
    return http.fetch(new Request(`${clinicOrigin}${path}`, { ...body, ...init, headers }), { address })
  }
}
