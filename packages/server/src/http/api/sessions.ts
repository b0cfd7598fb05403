/** Who is connected, and ending it. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Services } from '../../flows/services.ts'
import { disconnectUser } from '../../flows/sessions.ts'
import { tell } from '../../flows/tell.ts'
import { identify, requireScope } from '../caller.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, administered, json, refusedWith } from './api.ts'
import { time, userParams } from './schemas.ts'

const most = 1_000

const session = z
  .object({
    session: z.string().openapi({ example: '3m1Yd0aPzq0hJ2k8cQ5x7w' }),
    userId: z.string().openapi({ example: 'dr-lee' }),
    link: z.enum(['websocket', 'event-stream', 'socket.io']),
    rooms: z.array(z.string()),
    openedAt: time,
    expiresAt: time,
  })
  .openapi('Session')

const about = { tags: ['Sessions'], security: administered }
const ended = { 204: { description: 'Every node was told; nothing is there that still runs.' } } as const

const listRoute = (services: Services) =>
  createRoute({
    ...about,
    method: 'get',
    path: '/v1/sessions',
    operationId: 'sessions',
    summary: 'List sessions',
    description:
      'The tenant’s sessions, or those of one user, on every node: of the node that answers as they are, of others as they were a second or two ago. A node that was killed is missing after 15 seconds.',
    request: {
      query: z.object({
        userId: z.string().optional().openapi({ example: 'dr-lee' }),
        limit: z.coerce.number().int().min(1).max(most).default(100),
      }),
    },
    middleware: identify(services),
    responses: {
      200: json(z.object({ sessions: z.array(session) }), 'The sessions.'),
      ...refusedWith(400, 401, 403, 429, 503),
    },
  })

const endOneRoute = (services: Services) =>
  createRoute({
    ...about,
    method: 'delete',
    path: '/v1/sessions/{session}',
    operationId: 'endSession',
    summary: 'End a session',
    description: 'On whichever node it is. The client is told not to come back by itself.',
    request: {
      params: z.object({ session: z.string().openapi({ param: { name: 'session', in: 'path' } }) }),
      query: z.object({ userId: z.string().openapi({ description: 'Whose session it is.', example: 'dr-lee' }) }),
    },
    middleware: identify(services),
    responses: { ...ended, ...refusedWith(400, 401, 403, 429, 503) },
  })

const endAllRoute = (services: Services) =>
  createRoute({
    ...about,
    method: 'delete',
    path: '/v1/users/{userId}/sessions',
    operationId: 'endSessions',
    summary: 'End a user’s sessions',
    description:
      'All of them, on every node. With `tokens=revoke` every token and ticket made until now is refused too.',
    request: { params: userParams, query: z.object({ tokens: z.enum(['keep', 'revoke']).default('keep') }) },
    middleware: identify(services),
    responses: { ...ended, ...refusedWith(400, 401, 403, 422, 429, 503) },
  })

export const addSessions = (api: Api, { services }: HttpContext): void => {
  api.openapi(listRoute(services), async (c) => {
    requireScope(c.var.caller, 'admin')
    const { userId, limit } = c.req.valid('query')
    const filter = { limit, ...(userId === undefined ? {} : { userId }) }
    const found = await services.engine.directory.list(c.var.caller.tenantId, filter)
    tell(services, c.var.caller, {
      action: 'administration',
      detail: { verb: 'sessions', sessions: found.length },
      ...(userId === undefined ? {} : { subject: userId }),
    })
    return c.json({ sessions: found.map((info) => ({ ...info, rooms: [...info.rooms] })) }, 200)
  })
  api.openapi(endOneRoute(services), async (c) => {
    requireScope(c.var.caller, 'admin')
    const target = { userId: c.req.valid('query').userId, session: c.req.valid('param').session }
    await disconnectUser(services, c.var.caller.tenantId, target)
    const { userId, session } = target
    tell(services, c.var.caller, { action: 'session.ended', subject: userId, detail: { session } })
    return c.body(null, 204)
  })
  api.openapi(endAllRoute(services), async (c) => {
    requireScope(c.var.caller, 'admin')
    const { tenantId } = c.var.caller
    const { userId } = c.req.valid('param')
    // Tokens first: a client that comes straight back must already find the door shut.
    if (c.req.valid('query').tokens === 'revoke') {
      await services.auth.revokeTokens(tenantId, userId)
      tell(services, c.var.caller, { action: 'token.revoked', subject: userId })
    }
    await disconnectUser(services, tenantId, { userId })
    tell(services, c.var.caller, { action: 'session.ended', subject: userId })
    return c.body(null, 204)
  })
}
