/** A ticket: what opens one link from an address, in place of a token that would end up in logs. */
import { FanfareError } from '@fanfare/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import type { Services } from '../../flows/services.ts'
import { tell } from '../../flows/tell.ts'
import { identify } from '../caller.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, json, refusedWith } from './api.ts'
import { time } from './schemas.ts'

const ticket = z
  .object({
    ticket: z.string().openapi({ example: 'b1c0Jt2xQ9uW4zR7yE5aTg' }),
    expiresAt: time,
  })
  .openapi('Ticket')

const route = (services: Services) =>
  createRoute({
    method: 'post',
    path: '/v1/tickets',
    operationId: 'ticket',
    tags: ['Trust'],
    summary: 'Get a ticket for a link',
    description: `Opens one WebSocket or event stream with \`?ticket=\`, once, within ${Math.round(services.limits.ticketMs / 1000)} seconds, and from the page’s origin only when a page asked for it.`,
    security: [{ userToken: [] }],
    middleware: identify(services),
    responses: { 201: json(ticket, 'A ticket.'), ...refusedWith(401, 403, 429, 503) },
  })

export const addTickets = (api: Api, { services }: HttpContext): void => {
  api.openapi(route(services), async (c) => {
    const { identity } = c.var
    if (!identity) throw new FanfareError('forbidden', 'Tickets are for users; send a user’s token.')
    const origin = c.req.header('origin')
    const issued = await services.auth.issueTicket(identity, origin === undefined ? {} : { origin })
    tell(services, c.var.caller, { action: 'ticket.issued' })
    c.header('Cache-Control', 'no-store')
    return c.json({ ticket: issued.ticket, expiresAt: new Date(issued.expiresAt).toISOString() }, 201)
  })
}
