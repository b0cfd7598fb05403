/** Where event streams open: at their own path, and at every endpoint of the application that is asked without an upgrade. */
import type { Context } from 'hono'
import type { Api } from './api/api.ts'
import { methodRefused } from './not-found.ts'
import type { HttpContext, HttpEnv } from './settings.ts'
import { EventStreams, streamPath } from './stream.ts'

export const addStreams = (api: Api, context: HttpContext): void => {
  const { app } = context.services
  const streams = new EventStreams(context)
  const open = (c: Context<HttpEnv>, endpoint: ReturnType<typeof app.endpoint>): Response | Promise<Response> => {
    // HEAD would open a session that nobody reads.
    if (c.req.raw.method !== 'GET') return methodRefused(['GET'])
    return streams.open({ request: c.req.raw, remote: c.env.remote, endpoint })
  }
  api.get(streamPath, (c) => open(c, undefined))
  api.use('*', async (c, next) => {
    const endpoint = app.endpoint(new URL(c.req.url).pathname)
    if (!endpoint) return next()
    c.set('pattern', endpoint.rule.path)
    return open(c, endpoint)
  })
}
