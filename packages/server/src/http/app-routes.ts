/** The routes of the application and of features. They come after ours, so no path of the API can be taken away. */

import { type Limits, parseJson, scanJson } from '@fanfare/protocol'
import type { AppContext, RouteContext, RouteRule } from '../app/app.ts'
import type { RouteInput } from '../app/server-route.ts'
import { validate } from '../app/validate.ts'
import { clientAddress } from '../auth/client-address.ts'
import { contextOf } from '../flows/context.ts'
import type { Verbs } from '../flows/open-features.ts'
import type { Services } from '../flows/services.ts'
import { tell, tellRefused } from '../flows/tell.ts'
import type { Caller } from '../model/caller.ts'
import type { User } from '../model/identity.ts'
import type { Api } from './api/api.ts'
import { bodyLimit, readBody, textOf } from './body.ts'
import { identifyRequest, requireScopeFor, requireUser } from './caller.ts'
import { batchScan, isJson, messageScan, requireJson } from './json-body.ts'
import type { HttpContext } from './settings.ts'

export const addAppRoutes = (api: Api, { services, settings }: HttpContext): void => {
  for (const rule of services.app.routes) {
    api.on(rule.method.toUpperCase(), rule.path, async (c) => {
      if (rule.auth === 'none') {
        const forwarded = c.req.header('x-forwarded-for')
        services.quotas.anonymous(clientAddress(c.env.remote.address, forwarded, settings.trustedProxies))
      }
      const params = c.req.param()
      const caller = rule.auth === 'none' ? undefined : await admit(services, rule, { request: c.req.raw, params })
      if (caller) tell(services, caller, { action: 'command.run', subject: `${rule.method} ${rule.path}` })
      const request = await withCheckedBody(rule, c.req.raw, services.limits)
      const query = new URL(request.url).searchParams
      const input = rule.auth === 'server' ? await inputOf(rule, request.clone(), query) : noInput
      const context = routeContext(services, rule, caller, { request, params, query })
      return answerOf(await rule.handle(context, input))
    })
  }
}

type Asked = Pick<RouteContext, 'request' | 'params'>

/** @throws FanfareError `unauthenticated`, `forbidden`, `rate_limited`, … */
const admit = async (services: Services, rule: RouteRule, { request, params }: Asked): Promise<Caller> => {
  const { caller } = await identifyRequest(services, request)
  try {
    if (rule.auth === 'server') requireScopeFor(caller, { scopes: [rule.scope], room: rule.roomOf?.(params) })
    else requireUser(caller)
  } catch (thrown) {
    tellRefused(services, caller, { action: 'request.refused', subject: `${rule.method} ${rule.path}`, thrown })
    throw thrown
  }
  return caller
}

type Told = Pick<RouteContext, 'request' | 'params' | 'query'>

const routeContext = (services: Services, rule: RouteRule, caller: Caller | undefined, told: Told): RouteContext => {
  const user: User | undefined = caller?.kind === 'user' ? caller.user : undefined
  const beside = { ...told, user }
  if (!caller) return withoutTenant(services, rule, beside)
  const { tenantId } = caller
  return contextOf(services, { tenantId, ...(user === undefined ? {} : { userId: user.id }) }, beside)
}

/** Nobody has signed in, so there is no tenant in which anything could be done: each verb says so. */
const withoutTenant = <Beside extends object>(
  { features, log }: Services,
  { method, path }: RouteRule,
  beside: Beside,
): AppContext & Beside => {
  const reason = `${method} ${path} has auth 'none', so it has no tenant; use server.of(tenantId) from onStart`
  const refuse = (): never => {
    throw new Error(reason)
  }
  const refuseLater = async () => refuse()
  const verbs: Verbs = {
    tenantId: '',
    log,
    publish: refuseLater,
    history: refuseLater,
    members: refuseLater,
    stats: refuse,
    to: refuse,
    cache: { get: refuseLater, set: refuseLater, delete: refuseLater, increment: refuseLater, count: refuseLater },
  }
  return features.addRefusing({ ...beside, ...verbs }, `${reason}.`)
}

const noInput: RouteInput = { body: undefined, query: undefined }

/** The body has been scanned. @throws FanfareError `bad_frame`, `invalid_payload` */
const inputOf = async (
  { body, query }: Extract<RouteRule, { auth: 'server' }>,
  request: Request,
  asked: URLSearchParams,
): Promise<RouteInput> => ({
  body: body && (await validate(body, await jsonOf(request), 'The body')),
  query: query && (await validate(query, Object.fromEntries(asked), 'The query')),
})

const jsonOf = async (request: Request): Promise<unknown> => {
  requireJson(request)
  return parseJson(await request.text(), unscanned)
}

/** What was scanned is not scanned again. */
const unscanned = { depth: Number.POSITIVE_INFINITY, keys: Number.POSITIVE_INFINITY }

/** The handler gets a body that fits into the limits, and JSON that can harm neither its parser nor a prototype. */
const withCheckedBody = async (rule: RouteRule, request: Request, limits: Limits): Promise<Request> => {
  if (request.body === null) return request
  const bytes = await readBody(request, bodyLimit(limits))
  // A tenant's server may send many at once.
  const scan = rule.auth === 'server' ? batchScan(limits) : messageScan(limits)
  if (isJson(request)) scanJson(textOf(bytes), scan)
  return new Request(request, { body: bytes })
}

const answerOf = (result: unknown): Response => {
  if (result instanceof Response) return result
  return result === undefined ? new Response(null, { status: 204 }) : Response.json(result)
}
