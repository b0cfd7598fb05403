/** Which pages may use the API from another origin (CORS), and the refusal of those that may not change anything. */
import { FanfareError } from '@fanfare/protocol'
import { type AllowedOrigins, originAllowed } from '../auth/origin.ts'

/** What pages that are on the list may send. */
const taken = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  // The browser asks again after ten minutes.
  'Access-Control-Max-Age': '600',
} as const

/** Headers of ours that a page may read. */
const exposed = 'Fanfare-Last-Event-ID, Link, Retry-After, WWW-Authenticate'

const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export const mayConnect = (request: Request, allowed: AllowedOrigins): boolean => {
  const { headers } = request
  return originAllowed(headers.get('origin'), headers.get('host') ?? new URL(request.url).host, allowed)
}

/** @throws FanfareError `origin_refused` */
export const requireOrigin = (request: Request, allowed: AllowedOrigins): void => {
  if (mayConnect(request, allowed)) return
  throw new FanfareError('origin_refused', 'Add the page’s origin to FANFARE_ALLOWED_ORIGINS to let it in.')
}

/** What a page of another origin may not do without being on the list. @throws FanfareError `origin_refused` */
export const requireOriginToChange = (request: Request, allowed: AllowedOrigins): void => {
  if (!safe.has(request.method) || isPreflight(request)) requireOrigin(request, allowed)
}

export const isPreflight = ({ method, headers }: Request): boolean =>
  method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')

export const preflightAnswer = (): Response => new Response(null, { status: 204, headers: taken })

/** On every answer: the origin itself, never `*`. No cookie is ever read, so credentials are not allowed. */
export const originHeaders = (request: Request, allowed: AllowedOrigins): Record<string, string> => {
  const origin = request.headers.get('origin')
  if (origin === null || !mayConnect(request, allowed)) return {}
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': exposed }
}
