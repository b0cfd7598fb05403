import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { defineApp } from '../../app/define-app.ts'
import { serverRoute } from '../../app/server-route.ts'
import { type Ask, askOf } from '../clinic.fixture.ts'

const Order = z.object({ tea: z.number().int(), when: z.date().optional(), inside: z.json().optional() })

const app = defineApp({
  rooms: { lobby: { events: {}, access: 'tenant' } },
  routes: {
    'PUT /orders/{id}': serverRoute(
      { scope: 'publish', room: 'lobby', summary: 'Order tea', body: z.object({ cups: z.number().int() }) },
      ({ params }, { body }) => ({ id: params.id, cups: body.cups }),
    ),
    'GET /orders': serverRoute(
      {
        scope: 'read',
        query: z.object({ limit: z.coerce.number().optional() }),
        answer: z.object({ tea: z.number() }),
      },
      () => ({ tea: 1 }),
    ),
    // What JSON Schema has no words for.
    'POST /orders/odd': serverRoute({ scope: 'admin', body: Order }, () => undefined),
  },
})

let world: World
let ask: Ask
beforeAll(async () => {
  world = await startWorld({ app })
  ask = askOf(world.server.services)
})
afterAll(() => world[Symbol.asyncDispose]())

test('routes for servers are described by their own schemas, for programs and for people', async () => {
  const api = (await (await ask('/openapi.json')).json()) as { paths: Record<string, Record<string, unknown>> }
  expect(api.paths['/orders/{id}']?.put).toMatchObject({
    operationId: 'putOrdersById',
    summary: 'Order tea',
    tags: ['Application'],
    parameters: [{ name: 'id', in: 'path', required: true }],
    requestBody: {
      content: { 'application/json': { schema: { properties: { cups: { type: 'integer' } }, required: ['cups'] } } },
    },
  })
  expect(api.paths['/orders']?.get).toMatchObject({
    parameters: [{ name: 'limit', in: 'query', required: false }],
    responses: { 200: { content: { 'application/json': { schema: { properties: { tea: { type: 'number' } } } } } } },
  })
  expect(api.paths['/orders/odd']?.post).toBeDefined()
  const page = await (await ask('/docs')).text()
  expect(page).toContain('id="op-putOrdersById"')
})

test('what is answered is as it is described', async () => {
  const token = await world.token('eva', { roles: ['admin'] })
  const asked = { method: 'PUT', token, json: { cups: 2 } }
  expect(await (await ask('/orders/7', asked)).json()).toEqual({ id: '7', cups: 2 })
})
