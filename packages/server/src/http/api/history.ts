/** A page of a room's log over HTTP: cursors as text, and the next page as a link. */
import { FanfareError, type HistoryPage } from '@fanfare/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import { type HistoryRequest, history } from '../../flows/history.ts'
import type { Services } from '../../flows/services.ts'
import { identify } from '../caller.ts'
import { formatPosition, parsePosition, parseSince } from '../cursor-text.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, guarded, json, refusedWith } from './api.ts'
import { roomEvent, roomParams } from './schemas.ts'

const query = z.object({
  after: z
    .string()
    .optional()
    .openapi({ description: 'Reads forwards, after this cursor; `earliest` for the oldest event kept.' }),
  before: z.string().optional().openapi({ description: 'Reads backwards, before this cursor.' }),
  limit: z.coerce.number().int().min(1).optional().openapi({ description: 'Events in the page.', example: 100 }),
})

const page = z
  .object({
    room: z.string().openapi({ example: 'patient:42:vitals' }),
    events: z.array(roomEvent).openapi({ description: 'Oldest first, whichever way the page was read.' }),
    epoch: z.string().openapi({ example: 'Zk3q9XbT' }),
    next: z.string().optional().openapi({
      description: 'Cursor of the next page, in the same direction; absent at the end.',
      example: 'Zk3q9XbT.117',
    }),
  })
  .openapi('HistoryPage')

const route = (services: Services) =>
  createRoute({
    method: 'get',
    path: '/v1/rooms/{room}/history',
    operationId: 'history',
    tags: ['Events'],
    summary: 'Read a room’s log',
    description: `The newest page, or the one after or before a cursor; at most ${services.limits.historyEvents} events. The \`Link\` header has the next page. Users need the room’s access right; API keys the scope \`read\`.`,
    security: guarded,
    request: { params: roomParams, query },
    middleware: identify(services),
    responses: {
      200: {
        ...json(page, 'A page.'),
        headers: z.object({ Link: z.string().optional().openapi({ description: 'The next page, as `rel="next"`.' }) }),
      },
      ...refusedWith(400, 401, 403, 404, 410, 429, 503),
    },
  })

export const addHistory = (api: Api, { services }: HttpContext): void => {
  api.openapi(route(services), async (c) => {
    const { room } = c.req.valid('param')
    const asked = requestOf(room, c.req.valid('query'))
    const { next, ...found } = await history(services, c.var.caller, asked)
    if (next === undefined) return c.json(bodyOf(found), 200)
    c.header('Link', `<${addressOf(asked, formatPosition(next))}>; rel="next"`)
    return c.json({ ...bodyOf(found), next: formatPosition(next) }, 200)
  })
}

const requestOf = (room: string, { after, before, limit }: z.infer<typeof query>): HistoryRequest => {
  if (after !== undefined && before !== undefined)
    throw new FanfareError('bad_frame', 'Give after or before, not both.')
  return {
    room,
    ...(after === undefined ? {} : { after: parseSince(after) }),
    ...(before === undefined ? {} : { before: parsePosition(before) }),
    ...(limit === undefined ? {} : { limit }),
  }
}

const bodyOf = ({ room, events, epoch }: Omit<HistoryPage, 'next'>) => ({ room, events: [...events], epoch })

const addressOf = ({ room, after, limit }: HistoryRequest, next: string): string => {
  const parameters = new URLSearchParams({ [after === undefined ? 'before' : 'after']: next })
  if (limit !== undefined) parameters.set('limit', String(limit))
  return `/v1/rooms/${encodeURIComponent(room)}/history?${parameters}`
}
