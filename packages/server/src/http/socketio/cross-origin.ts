/** What a page of another origin may do with Engine.IO: everything, cookies too, where the application lists it. */
import type { AllowedOrigins } from '../../auth/origin.ts'
import { mayConnect } from '../origins.ts'

/** Clients add headers of their own making; a page that is listed may send what it likes. */
const headerNames = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/

export const preflightAnswer = (request: Request): Response => {
  const asked = request.headers.get('access-control-request-headers') ?? ''
  const headers = new Headers({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Max-Age': '600',
    Vary: 'Access-Control-Request-Headers',
  })
  if (headerNames.test(asked)) headers.set('Access-Control-Allow-Headers', asked)
  return new Response(null, { status: 204, headers })
}

/**
 * Clients with `withCredentials` are refused by their browser without this. Where any page may connect it is left out:
 * else any page could do so with its visitor's cookies.
 */
export const credentialHeaders = (request: Request, allowed: AllowedOrigins): readonly (readonly [string, string])[] =>
  allowed !== '*' && request.headers.has('origin') && mayConnect(request, allowed)
    ? [['Access-Control-Allow-Credentials', 'true']]
    : []
