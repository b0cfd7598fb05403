/** The description of the whole API as OpenAPI 3.1: the routes' own, and what they cannot say of links and operations. */
import { z } from '@hono/zod-openapi'
import { type Api, json, refusedWith } from '../api/api.ts'
import { streamPath } from '../stream.ts'
import { addServerRoutes, type ServerRouteRule, tagsOf } from './server-routes.ts'

const info = (version: string) => ({
  title: 'Fanfare',
  version,
  summary: 'Real-time rooms for multi-tenant applications.',
  description:
    'Rooms are named, ordered logs of events. Publish over HTTP, read over a WebSocket or an event stream, and resume from a position with nothing lost.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
})

const tags = [
  { name: 'Events', description: 'Publish into rooms, and read what was published.' },
  { name: 'Links', description: 'Receive events as they happen.' },
  { name: 'Commands', description: 'What the application lets its users do.' },
  { name: 'Trust', description: 'Tickets, and rights that change at run time.' },
  { name: 'Sessions', description: 'Who is connected.' },
  { name: 'Operations', description: 'For whoever runs the node.' },
]

/** Once per application, before {@link describeApi}. */
export const addDescriptions = (api: Api, routes: readonly ServerRouteRule[]): void => {
  const registry = api.openAPIRegistry
  registry.registerComponent('securitySchemes', 'userToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A user’s token; `fanfare token` mints one for development.',
  })
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'ff_…',
    description: 'A server’s API key, with the scopes that it was made with.',
  })
  registry.registerComponent('securitySchemes', 'ticket', {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description: 'A ticket from `POST /v1/tickets`: one link, once.',
  })
  addLinks(registry)
  addOperationRoutes(registry)
  addServerRoutes(registry, routes)
}

type Registry = Api['openAPIRegistry']

const addLinks = (registry: Registry): void => {
  registry.registerPath({
    method: 'get',
    path: streamPath,
    operationId: 'stream',
    tags: ['Links'],
    summary: 'Stream rooms',
    description:
      'An event stream (server-sent events) of one or more rooms. Each block’s `id` is one cursor over all of them; send it back as `Last-Event-ID`, or in the address, to go on without loss. The answer’s `Fanfare-Last-Event-ID` says where the replay truly began: if it differs from the cursor that was sent, something is gone. The paths of the application’s endpoints answer in the same way.',
    security: [{ userToken: [] }, { ticket: [] }],
    request: {
      query: z.object({
        room: z
          .array(z.string())
          .openapi({ description: 'A room; repeat it for more.', example: ['patient:42', 'patient:42:vitals'] }),
        lastEventId: z
          .string()
          .optional()
          .openapi({ description: 'A cursor, or `earliest`. The header wins.', example: 'earliest' }),
        ticket: z.string().optional().openapi({ description: 'In place of a token, for an EventSource.' }),
      }),
      headers: z.object({
        'Last-Event-ID': z.string().optional().openapi({ description: 'A cursor, or `earliest`.' }),
      }),
    },
    responses: {
      200: {
        description: 'The stream. It ends when the session ends; a browser then comes back by itself.',
        headers: z.object({ 'Fanfare-Last-Event-ID': z.string() }),
        content: { 'text/event-stream': { schema: z.string().openapi({ example: streamExample }) } },
      },
      204: { description: 'An administrator ended the session; do not come back.' },
      ...refusedWith(400, 401, 403, 404, 429, 503),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/v1/websocket',
    operationId: 'websocket',
    tags: ['Links'],
    summary: 'Open a WebSocket',
    description:
      'Speaks `fanfare.v1`: one JSON object a frame. Show who you are with `Authorization`, with `?ticket=`, or with an `auth` frame as the first one.',
    security: [{ userToken: [] }, { ticket: [] }, {}],
    request: {
      query: z.object({ ticket: z.string().optional().openapi({ description: 'In place of a token.' }) }),
      headers: z.object({
        'Sec-WebSocket-Protocol': z.string().optional().openapi({ example: 'fanfare.v1' }),
      }),
    },
    responses: { 101: { description: 'The link is open.' }, ...refusedWith(400, 401, 403, 429, 503) },
  })
}

const streamExample =
  'event: patient.vitals.update\ndata: {"id":"019c1f6e-…","room":"patient:42:vitals","offset":17,"data":{"heartRate":72}}\nid: c1~1x2y3z.Zk3q9XbT.h\n\n'

const addOperationRoutes = (registry: Registry): void => {
  const health = z.object({ status: z.literal('ok'), version: z.string(), uptimeSeconds: z.number().int() })
  const ready = z.object({
    status: z.literal('ready'),
    canaryMs: z.number(),
    store: z
      .enum(['ok', 'away'])
      .optional()
      .openapi({ description: 'Whether what is kept in the store can be asked for.' }),
  })
  const text = (type: string, description: string) => ({ description, content: { [type]: { schema: z.string() } } })
  const operation = { method: 'get' as const, tags: ['Operations'] }
  registry.registerPath({
    ...operation,
    path: '/health',
    operationId: 'health',
    summary: 'Is the process alive',
    description: 'Says nothing about whether it can work; ask `/ready`.',
    responses: { 200: json(health, 'It is.') },
  })
  registry.registerPath({
    ...operation,
    path: '/ready',
    operationId: 'ready',
    summary: 'Can the node work',
    description:
      'A canary event goes through every server that carries rooms, and back. A node that is stopping is not ready.',
    responses: { 200: json(ready, 'It can.'), ...refusedWith(503) },
  })
  registry.registerPath({
    ...operation,
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Metrics for Prometheus',
    description: 'For this machine only, unless `FANFARE_METRICS_TOKEN` is set; then it is sent as a bearer token.',
    responses: { 200: text('text/plain', 'The metrics.'), ...refusedWith(401, 403) },
  })
  registry.registerPath({
    ...operation,
    path: '/fanfare/client.js',
    operationId: 'clientModule',
    summary: 'The browser’s client',
    description: 'One ES module: `import { createClient } from "/fanfare/client.js"`.',
    responses: { 200: text('text/javascript', 'The module.'), ...refusedWith(404) },
  })
}

export type ApiDescription = ReturnType<Api['getOpenAPI31Document']>

/** @param routes of servers, of the application and of features */
export const describeApi = (api: Api, version: string, routes: readonly ServerRouteRule[]): ApiDescription =>
  api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: info(version),
    servers: [{ url: '/', description: 'This node.' }],
    tags: [...tags, ...tagsOf(routes)],
  })
