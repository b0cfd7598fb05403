/** A JSON body on its way to a schema: counted, scanned for what could harm a parser or a prototype, then parsed. */
import { FanfareError, type Limits, parseJson, type ScanLimits } from '@fanfare/protocol'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit, readBody, textOf } from './body.ts'
import type { HttpEnv } from './settings.ts'

/** Of one message, as over any link. */
export const messageScan = (limits: Limits): ScanLimits => ({ depth: limits.jsonDepth, keys: limits.jsonKeys })

/** Of a batch: each item is held to the limits of a message afterwards. */
export const batchScan = (limits: Limits): ScanLimits => ({
  depth: limits.jsonDepth + 2,
  keys: (limits.jsonKeys + 4) * limits.publishBatch,
})

/** A page of another origin can send other types without asking first (CORS), so JSON must say that it is JSON. */
export const isJson = (request: Request): boolean => mediaType.test(request.headers.get('content-type') ?? '')

/** @throws FanfareError `bad_frame` */
export const requireJson = (request: Request): void => {
  if (isJson(request)) return
  throw new FanfareError('bad_frame', 'Send JSON, with the header Content-Type: application/json.')
}

const mediaType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

/**
 * In front of the schema's own validation, which reads what this leaves.
 * @throws FanfareError `bad_frame`, `too_large`, `unsafe_json`
 */
const readJson =
  (limits: Limits, scan: ScanLimits): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    requireJson(c.req.raw)
    const text = textOf(await readBody(c.req.raw, bodyLimit(limits)))
    parseJson(text, scan)
    c.req.raw = new Request(c.req.raw, { body: text })
    await next()
  }

/** A body that is one message. */
export const readMessage = (limits: Limits): MiddlewareHandler<HttpEnv> => readJson(limits, messageScan(limits))

/** A body that is many of them. */
export const readBatch = (limits: Limits): MiddlewareHandler<HttpEnv> => readJson(limits, batchScan(limits))
