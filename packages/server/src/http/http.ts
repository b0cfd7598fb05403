/** Request → Response, for everything that is not a WebSocket upgrade. Puts the handlers together; knows no runtime. */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import { HTTPException } from 'hono/http-exception'
import { withHeaders } from './answer-headers.ts'
import { type Api, createApi } from './api/api.ts'
import { addCommands } from './api/commands.ts'
import { addGrants } from './api/grants.ts'
import { addHistory } from './api/history.ts'
import { addPresence } from './api/presence.ts'
import { addPublish } from './api/publish.ts'
import { addSessions } from './api/sessions.ts'
import { addStats } from './api/stats.ts'
import { addTickets } from './api/tickets.ts'
import { addAppRoutes } from './app-routes.ts'
import { addClientBundle } from './client-bundle.ts'
import { addDocs } from './docs/docs.ts'
import { answerNotFound } from './not-found.ts'
import { addOperations } from './operations.ts'
import { isPreflight, originHeaders, preflightAnswer, requireOriginToChange } from './origins.ts'
import { type Ownership, type OwnershipOptions, ownership } from './ownership.ts'
import { problem } from './problem.ts'
import { logRequests } from './request-log.ts'
import type { HttpContext, Remote } from './settings.ts'
import { addSocketIo } from './socketio/socketio.ts'
import { addStreams } from './stream-routes.ts'

export type Http = {
  fetch(request: Request, remote: Remote): Promise<Response>
  /** For a node that shares its port. */
  owns(options: OwnershipOptions): Ownership
}

export const createHttp = (context: HttpContext): Http => {
  const { allowedOrigins } = context.settings
  const api = createApi()
  addFrame(api, context)
  addOurs(api, context)
  addStreams(api, context)
  addAppRoutes(api, context)
  return {
    async fetch(request, remote) {
      const answer = await Promise.resolve(api.fetch(request, { remote })).catch(answerError(context))
      return withHeaders(answer, originHeaders(request, allowedOrigins))
    },
    owns: (options) => ownership(api, context.services.app, options),
  }
}

/** Around every handler: the log, the rule on origins, and what becomes of a failure. */
const addFrame = (api: Api, context: HttpContext): void => {
  const { services, settings } = context
  api.onError(answerError(context))
  api.notFound(answerNotFound(api))
  api.use('*', logRequests(services))
  // Refusals of Engine.IO have words of their own, also those of the rule on origins.
  addSocketIo(api, context)
  api.use('*', async (c, next) => {
    requireOriginToChange(c.req.raw, settings.allowedOrigins)
    if (isPreflight(c.req.raw)) return preflightAnswer()
    return next()
  })
}

/** Before the application's, so that none of these can be taken. */
const addOurs = (api: Api, context: HttpContext): void => {
  addPublish(api, context)
  addHistory(api, context)
  addPresence(api, context)
  addCommands(api, context)
  addTickets(api, context)
  addGrants(api, context)
  addSessions(api, context)
  addStats(api, context)
  addOperations(api, context)
  addClientBundle(api, context)
  addDocs(api, context)
}

const answerError =
  ({ services }: HttpContext) =>
  (thrown: unknown): Response => {
    if (thrown instanceof HTTPException) {
      return problem(new FanfareError('bad_frame', thrown.message || undefined), { status: thrown.status })
    }
    const error = toFanfareError(thrown)
    if (error.code === 'internal') services.log.error({ error: error.cause ?? error }, 'a request failed')
    return problem(error)
  }
