/** Run one of the application's commands, without a link. */
import { FanfareError } from '@fanfare/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import { runCommand } from '../../flows/command.ts'
import type { Services } from '../../flows/services.ts'
import { identify } from '../caller.ts'
import { readMessage } from '../json-body.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, json, refusedWith } from './api.ts'
import { idempotencyHeader, keyOf } from './idempotency.ts'
import { anyJson } from './schemas.ts'

const body = z
  .object({
    input: anyJson,
    key: z
      .string()
      .optional()
      .openapi({ description: 'Idempotency key: repeated, it gives the first answer.', example: 'order-4711' }),
  })
  .openapi('Command')

const route = (services: Services) =>
  createRoute({
    method: 'post',
    path: '/v1/commands/{name}',
    operationId: 'command',
    tags: ['Commands'],
    summary: 'Run a command',
    description: 'Runs a command of the application as the user whose token is sent. API keys cannot run commands.',
    security: [{ userToken: [] }],
    request: {
      params: z.object({
        name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'message:send' }),
      }),
      headers: idempotencyHeader,
      body: { required: true, content: { 'application/json': { schema: body } } },
    },
    responses: {
      200: json(anyJson, 'What the command answered; `null` when it answered nothing.'),
      ...refusedWith(400, 401, 403, 404, 413, 422, 429, 503),
    },
    middleware: [identify(services), readMessage(services.limits)],
  })

export const addCommands = (api: Api, { services }: HttpContext): void => {
  api.openapi(route(services), async (c) => {
    const { input, key: inBody } = c.req.valid('json')
    if (input === undefined) throw new FanfareError('bad_frame', 'input: must be there (null is a value too).')
    const key = keyOf({ inBody, inHeader: c.req.valid('header')['idempotency-key'] }, services.limits)
    const result = await runCommand(services, c.var.caller, { name: c.req.valid('param').name, input, ...key })
    return c.json(result, 200)
  })
}
