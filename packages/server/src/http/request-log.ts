/** One line for each request: method, route, status, time. Never an address as it was asked, a header or a body. */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Services } from '../flows/services.ts'
import type { HttpEnv } from './settings.ts'

export const logRequests =
  ({ clock, log }: Services): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    const startedAt = clock.now()
    await next()
    const { status } = c.res
    const fields = { method: c.req.method, route: c.var.pattern ?? routePath(c), status, ms: clock.now() - startedAt }
    // What went well is many; what did not is worth a line that is kept.
    if (status < 400) log.debug(fields, 'request')
    else log.info(fields, 'request refused')
  }
