/** Nothing is at this address, or not for this method. */
import { FanfareError } from '@fanfare/protocol'
import type { Context } from 'hono'
import type { Api } from './api/api.ts'
import { problem } from './problem.ts'
import type { HttpEnv } from './settings.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export const methodRefused = (allowed: readonly string[]): Response => {
  const Allow = allowed.includes('GET') ? [...allowed, 'HEAD'] : [...allowed]
  const detail = `This address takes ${allowed.join(', ')}.`
  return problem(new FanfareError('not_found', detail), { status: 405, headers: { Allow: Allow.join(', ') } })
}

/** What is left when no route has answered. */
export const answerNotFound =
  (api: Api) =>
  (c: Context<HttpEnv>): Response => {
    // Middleware is there for every method; a route names its own.
    const allowed = methods.filter((method) =>
      api.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
    )
    if (allowed.length === 0) return problem(new FanfareError('not_found', 'There is nothing at this address.'))
    if (c.req.raw.method !== 'OPTIONS') return methodRefused(allowed)
    return new Response(null, { status: 204, headers: { Allow: [...allowed, 'OPTIONS'].join(', ') } })
  }
