/** HTTP requests in tests of features: through the handlers of the server, without a socket. */
import { trustProxies } from '../auth/client-address.ts'
import type { Services } from '../flows/services.ts'
import { createHttp, type Http } from '../http/http.ts'
import { createMetrics } from '../http/metrics.ts'

export type Asked = {
  /** Sent as JSON. */
  readonly json?: unknown
  readonly headers?: { readonly [name: string]: string }
}

const made = new WeakMap<Services, Http>()

const httpOf = (services: Services): Http => {
  const known = made.get(services)
  if (known) return known
  const http = createHttp({
    services,
    metrics: createMetrics(),
    settings: {
      version: 'test',
      mode: 'development',
      allowedOrigins: 'same-origin',
      trustedProxies: trustProxies([]),
      metricsToken: undefined,
      clientBundle: undefined,
    },
  })
  made.set(services, http)
  return http
}

/** @param request method and path, with its query: `GET /v1/users/ann/status` */
export const ask = async (
  services: Services,
  request: string,
  { json, headers = {}, token }: Asked & { readonly token: string },
): Promise<Response> => {
  const [method = '', path = ''] = request.split(' ')
  const body = json === undefined ? {} : { body: JSON.stringify(json) }
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' }
  const init = { method, ...body, headers: { ...type, ...headers, Authorization: `Bearer ${token}` } }
  return httpOf(services).fetch(new Request(new URL(path, 'http://fanfare.test'), init), { address: '127.0.0.1' })
}
