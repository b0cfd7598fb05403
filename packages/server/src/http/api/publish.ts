/** Publish one event, or many at once. The verb is flows/publish; here is how it is asked and answered over HTTP. */
import { FanfareError, type Json, type PublishResult, scanJson, toFanfareError } from '@fanfare/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import { append, type PublishRequest, preparePublish, publish } from '../../flows/publish.ts'
import type { Services } from '../../flows/services.ts'
import type { Caller } from '../../model/caller.ts'
import { identify, spend } from '../caller.ts'
import { messageScan, readBatch, readMessage } from '../json-body.ts'
import { problemOf } from '../problem.ts'
import type { HttpContext } from '../settings.ts'
import { type Api, guarded, json, Problem, refusedWith } from './api.ts'
import { idempotencyHeader, keyOf } from './idempotency.ts'
import { anyJson, publishResult, roomParams } from './schemas.ts'

const key = z.string().optional().openapi({
  description: 'Idempotency key: within five minutes the same key gives the first result.',
  example: 'reading-8812',
})

const oneEvent = z
  .object({ event: z.string().min(1).openapi({ example: 'patient.vitals.update' }), data: anyJson, key })
  .openapi('Publish')

const routeOne = (services: Services) =>
  createRoute({
    method: 'post',
    path: '/v1/rooms/{room}/events',
    operationId: 'publish',
    tags: ['Events'],
    summary: 'Publish an event',
    description:
      'Appends one event to the room’s log and delivers it to everybody in the room. It is acknowledged once the stated durability is reached. Users need the room’s publish right; API keys the scope `publish`.',
    security: guarded,
    request: {
      params: roomParams,
      headers: idempotencyHeader,
      body: { required: true, content: { 'application/json': { schema: oneEvent } } },
    },
    responses: {
      200: json(publishResult, 'An earlier publish with the same key made this event.'),
      201: json(publishResult, 'Published.'),
      ...refusedWith(400, 401, 403, 404, 413, 422, 429, 503),
    },
    middleware: [identify(services), readMessage(services.limits)],
  })

const batchItem = oneEvent.extend({ room: z.string().min(1).openapi({ example: 'patient:42:vitals' }) })

const batchAnswer = z.object({
  results: z.array(
    z.union([
      z.object({ ok: z.literal(true), result: publishResult }),
      z.object({ ok: z.literal(false), problem: Problem }),
    ]),
  ),
})

type BatchResult = z.infer<typeof batchAnswer>['results'][number]

const routeMany = (services: Services) =>
  createRoute({
    method: 'post',
    path: '/v1/events',
    operationId: 'publishMany',
    tags: ['Events'],
    summary: 'Publish many events',
    description: `Up to ${services.limits.publishBatch} events, in any rooms of the tenant, appended in the order given. Each is answered by itself: one that is refused stops no other.`,
    security: guarded,
    request: {
      body: {
        required: true,
        content: {
          'application/json': {
            schema: z
              .object({ events: z.array(batchItem).min(1).max(services.limits.publishBatch) })
              .openapi('PublishMany'),
          },
        },
      },
    },
    responses: {
      200: json(batchAnswer, 'One result for each event, in order.'),
      ...refusedWith(400, 401, 403, 413, 429, 503),
    },
    middleware: [identify(services), readBatch(services.limits)],
  })

export const addPublish = (api: Api, { services }: HttpContext): void => {
  api.openapi(routeOne(services), async (c) => {
    const { event, data, key: inBody } = c.req.valid('json')
    const request = { room: c.req.valid('param').room, event, data: given(data) }
    const named = keyOf({ inBody, inHeader: c.req.valid('header')['idempotency-key'] }, services.limits)
    const result = await publish(services, c.var.caller, { ...request, ...named })
    return result.duplicate ? c.json(result, 200) : c.json(result, 201)
  })
  api.openapi(routeMany(services), async (c) => {
    const { events } = c.req.valid('json')
    spend(services, c.var.caller, events.length - 1)
    return c.json({ results: await publishMany(services, c.var.caller, events) }, 200)
  })
}

/** @throws FanfareError `bad_frame`: null is data, nothing is not */
const given = (data: unknown): Json => {
  if (data === undefined) throw new FanfareError('bad_frame', 'data: must be there (null is a value too).')
  return data as Json
}

type BatchItem = z.infer<typeof batchItem>

/** Checked one after another and appended in that order; the acknowledgements are awaited together. */
const publishMany = async (services: Services, caller: Caller, items: readonly BatchItem[]): Promise<BatchResult[]> => {
  const results: (BatchResult | Promise<BatchResult>)[] = []
  for (const item of items) {
    try {
      const prepared = await preparePublish(services, caller, requestOf(services, item))
      const appended = append(services, caller, prepared)
      const refuse = (error: unknown) => refused(services, error)
      results.push(appended instanceof Promise ? appended.then(accepted, refuse) : accepted(appended))
    } catch (error) {
      results.push(refused(services, error))
    }
  }
  return Promise.all(results)
}

/** @throws FanfareError `unsafe_json`, `bad_frame` */
const requestOf = ({ limits }: Services, item: BatchItem): PublishRequest => {
  scanJson(JSON.stringify(item), messageScan(limits))
  const { room, event, data, key } = item
  return { room, event, data: given(data), ...keyOf({ inBody: key, inHeader: undefined }, limits) }
}

const accepted = (result: PublishResult): BatchResult => ({ ok: true, result })

const refused = (services: Services, thrown: unknown): BatchResult => {
  const error = toFanfareError(thrown)
  if (error.code === 'internal') services.log.error({ error: error.cause }, 'an event of a batch failed')
  return { ok: false, problem: problemOf(error) }
}
