/** What a user may do, changed while they are connected: every node weighs their subscriptions again. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Services } from '../../flows/services.ts'
import { announceGrants } from '../../flows/sessions.ts'
import { tell } from '../../flows/tell.ts'
import { actorOf } from '../../model/audit.ts'
import { identify, requireScope } from '../caller.ts'
import { readMessage } from '../json-body.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, administered, json, refusedWith } from './api.ts'
import { userParams } from './schemas.ts'

const path = '/v1/users/{userId}/grants'

const grant = z.string().openapi({
  description: '`action:resource` or `action:resource:id`; each part may be `*`.',
  example: 'read:patient:42',
})

const grantsAnswer = z
  .object({
    granted: z.array(grant),
    revoked: z.array(grant).openapi({ description: 'Taken away, even where a token carries it.' }),
  })
  .openapi('Grants')

const body = z.object({ grants: z.array(grant).min(1).max(100) }).openapi('GrantChange')

const about = { path, tags: ['Trust'], security: administered }

const readRoute = (services: Services) =>
  createRoute({
    ...about,
    method: 'get',
    operationId: 'grants',
    summary: 'Read a user’s grants',
    description: 'Those made and revoked at run time; grants that a token carries are not among them.',
    request: { params: userParams },
    responses: { 200: json(grantsAnswer, 'The grants.'), ...refusedWith(401, 403, 422, 429, 503) },
    middleware: identify(services),
  })

const changeRoute = (services: Services, of: { method: 'post' | 'delete'; summary: string; description: string }) =>
  createRoute({
    ...about,
    ...of,
    operationId: of.method === 'post' ? 'grant' : 'revoke',
    request: { params: userParams, body: { required: true, content: { 'application/json': { schema: body } } } },
    responses: {
      200: json(grantsAnswer, 'The grants, as they are now.'),
      ...refusedWith(400, 401, 403, 413, 422, 429, 503),
    },
    middleware: [identify(services), readMessage(services.limits)],
  })

export const addGrants = (api: Api, { services }: HttpContext): void => {
  const { auth } = services
  const read = async (tenantId: string, userId: string) => {
    const { granted, revoked } = await auth.grants.list(tenantId, userId)
    return { granted: [...granted], revoked: [...revoked] }
  }
  api.openapi(readRoute(services), async (c) => {
    requireScope(c.var.caller, 'admin')
    const { userId } = c.req.valid('param')
    tell(services, c.var.caller, { action: 'administration', subject: userId, detail: { verb: 'grants' } })
    return c.json(await read(c.var.caller.tenantId, userId), 200)
  })
  const granting = {
    method: 'post',
    summary: 'Grant',
    description: 'From now on the user may do this, on every node, until it is revoked.',
  } as const
  api.openapi(changeRoute(services, granting), async (c) => {
    requireScope(c.var.caller, 'admin')
    const { tenantId } = c.var.caller
    const { userId } = c.req.valid('param')
    const { grants } = c.req.valid('json')
    await auth.grants.grant(tenantId, userId, grants)
    await announceGrants(services, tenantId, userId)
    // What gives rights is answered once it is in the audit; what takes them away must never wait for it.
    const about = { tenantId, action: 'grant.given', actor: actorOf(c.var.caller), subject: userId } as const
    await Promise.all(grants.map((grant) => services.audit.record({ ...about, detail: { grant } })))
    return c.json(await read(tenantId, userId), 200)
  })
  const revoking = {
    method: 'delete',
    summary: 'Revoke',
    description:
      'From now on the user may not do this, even where a token says so; deliveries of rooms that it opened stop within a second.',
  } as const
  api.openapi(changeRoute(services, revoking), async (c) => {
    requireScope(c.var.caller, 'admin')
    const { tenantId } = c.var.caller
    const { userId } = c.req.valid('param')
    const { grants } = c.req.valid('json')
    await auth.grants.revoke(tenantId, userId, grants)
    await announceGrants(services, tenantId, userId)
    for (const grant of grants) {
      tell(services, c.var.caller, { action: 'grant.revoked', subject: userId, detail: { grant } })
    }
    return c.json(await read(tenantId, userId), 200)
  })
}
