/** How much of a tenant is connected. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Services } from '../../flows/services.ts'
import { tell } from '../../flows/tell.ts'
import { identify, requireScope } from '../caller.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, administered, json, refusedWith } from './api.ts'

const count = z.number().int()

const stats = z
  .object({
    sessions: count,
    users: count,
    rooms: count,
    sessionsByRoom: z.record(z.string(), count).openapi({ example: { 'patient:42:vitals': 3 } }),
    sessionsByUser: z.record(z.string(), count).openapi({ example: { 'dr-lee': 2 } }),
  })
  .openapi('TenantStats')

const route = (services: Services) =>
  createRoute({
    method: 'get',
    path: '/v1/stats',
    operationId: 'stats',
    tags: ['Sessions'],
    summary: 'Statistics of the tenant',
    description:
      'Over every node: of the node that answers as it is, of others as it was a second or two ago. API keys need the scope `read` or `admin`.',
    security: administered,
    middleware: identify(services),
    responses: { 200: json(stats, 'The counts, now.'), ...refusedWith(401, 403, 429, 503) },
  })

export const addStats = (api: Api, { services }: HttpContext): void => {
  api.openapi(route(services), async (c) => {
    requireScope(c.var.caller, 'read', 'admin')
    tell(services, c.var.caller, { action: 'administration', detail: { verb: 'stats' } })
    return c.json(await services.engine.directory.count(c.var.caller.tenantId), 200)
  })
}
