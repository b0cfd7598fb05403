/** Who is in a room, asked over HTTP. Entering and leaving belong to a session. */
import { createRoute, z } from '@hono/zod-openapi'
import { readPresence } from '../../flows/presence.ts'
import type { Services } from '../../flows/services.ts'
import { identify } from '../caller.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, guarded, json, refusedWith } from './api.ts'
import { member, roomParams } from './schemas.ts'

const snapshot = z
  .object({
    room: z.string().openapi({ example: 'ward:3' }),
    members: z.array(member),
  })
  .openapi('PresenceSnapshot')

const route = (services: Services) =>
  createRoute({
    method: 'get',
    path: '/v1/rooms/{room}/presence',
    operationId: 'presence',
    tags: ['Events'],
    summary: 'Who is in a room',
    description: 'Every member once, however many sessions they have. Rooms without presence answer 403.',
    security: guarded,
    request: { params: roomParams },
    middleware: identify(services),
    responses: { 200: json(snapshot, 'The members, now.'), ...refusedWith(400, 401, 403, 404, 429, 503) },
  })

export const addPresence = (api: Api, { services }: HttpContext): void => {
  api.openapi(route(services), async (c) => {
    const { room, members } = await readPresence(services, c.var.caller, c.req.valid('param').room)
    return c.json({ room, members: [...members] }, 200)
  })
}
