/** The application's own routes. They come after ours, so no path of the API can be taken away. */

import { type Limits, scanJson } from '@fanfare/protocol'
import type { AppContext, RouteContext, RouteRule } from '../app/app.ts'
import type { FeatureApis } from '../app/features.ts'
import { clientAddress } from '../auth/client-address.ts'
import { contextOf } from '../flows/context.ts'
import type { Services } from '../flows/services.ts'
import type { User } from '../model/identity.ts'
import type { Api } from './api/api.ts'
import { bodyLimit, readBody, textOf } from './body.ts'
import { identifyRequest, requireUser } from './caller.ts'
import { messageScan } from './json-body.ts'
import type { HttpContext } from './settings.ts'

export const addAppRoutes = (api: Api, { services, settings }: HttpContext): void => {
  for (const rule of services.app.routes) {
    api.on(rule.method.toUpperCase(), rule.path, async (c) => {
      if (rule.auth === 'none') {
        const forwarded = c.req.header('x-forwarded-for')
        services.quotas.anonymous(clientAddress(c.env.remote.address, forwarded, settings.trustedProxies))
      }
      const standing = await standingOf(services, rule, c.req.raw)
      const request = await withCheckedBody(c.req.raw, services.limits)
      const query = new URL(request.url).searchParams
      const context: RouteContext = { ...standing, request, params: c.req.param(), query }
      return answerOf(await rule.handle(context))
    })
  }
}

const standingOf = async (
  services: Services,
  rule: RouteRule,
  request: Request,
): Promise<AppContext & { readonly user: User | undefined }> => {
  if (rule.auth === 'none') return { ...withoutTenant(services, rule), user: undefined }
  const user = requireUser((await identifyRequest(services, request)).caller)
  return { ...contextOf(services, { tenantId: user.tenantId, userId: user.id }), user }
}

/** Nobody has signed in, so there is no tenant in which anything could be done: each verb says so. */
const withoutTenant = ({ log }: Services, { method, path }: RouteRule): AppContext => {
  const refuse = (): never => {
    throw new Error(`${method} ${path} has auth 'none', so it has no tenant; use server.of(tenantId) from onStart`)
  }
  const refuseLater = async () => refuse()
  const verbs: Omit<AppContext, keyof FeatureApis> = {
    tenantId: '',
    log,
    publish: refuseLater,
    history: refuseLater,
    members: refuseLater,
    stats: refuse,
    to: refuse,
    cache: { get: refuseLater, set: refuseLater, delete: refuseLater, increment: refuseLater, count: refuseLater },
  }
  return verbs as AppContext
}

/** The handler gets a body that fits into the limits, and JSON that can harm neither its parser nor a prototype. */
const withCheckedBody = async (request: Request, limits: Limits): Promise<Request> => {
  if (request.body === null) return request
  const bytes = await readBody(request, bodyLimit(limits))
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers.get('content-type') ?? '')) {
    scanJson(textOf(bytes), messageScan(limits))
  }
  return new Request(request, { body: bytes })
}

const answerOf = (result: unknown): Response => {
  if (result instanceof Response) return result
  return result === undefined ? new Response(null, { status: 204 }) : Response.json(result)
}
