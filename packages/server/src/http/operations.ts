/** For whoever runs the node: is it alive, can it work, what does it count. */
import { timingSafeEqual } from 'node:crypto'
import { FanfareError } from '@fanfare/protocol'
import { clientAddress } from '../auth/client-address.ts'
import type { Api } from './api/api.ts'
import { problem } from './problem.ts'
import type { HttpContext, HttpSettings, Remote } from './settings.ts'

const fresh = { 'Cache-Control': 'no-store' } as const

export const addOperations = (api: Api, context: HttpContext): void => {
  const { metrics, services, settings } = context
  const startedAt = services.clock.now()
  api.get('/health', () => {
    const uptimeSeconds = Math.round((services.clock.now() - startedAt) / 1000)
    return Response.json({ status: 'ok', version: settings.version, uptimeSeconds }, { headers: fresh })
  })
  api.get('/ready', () => ready(context))
  api.get('/metrics', async (c) => {
    requireReader(settings, c.req.raw, c.env.remote)
    return new Response(await metrics.text(), { headers: { ...fresh, 'Content-Type': metrics.contentType } })
  })
}

/** An event has just gone through every server of the engine and back, and new links are taken. */
const ready = async ({ services }: HttpContext): Promise<Response> => {
  if (!services.accepting) return problem(new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 }))
  if (services.starting) {
    return problem(new FanfareError('unavailable', 'The application is starting.', { retryAfterMs: 1_000 }))
  }
  const canary = await services.canary.check()
  if (canary.ok) {
    // Not what ready means: rooms that are not archived go on without it.
    const store = await services.storeCheck?.state()
    const state = { status: 'ready', canaryMs: canary.ms, ...(store === undefined ? {} : { store }) }
    return Response.json(state, { headers: fresh })
  }
  return problem(
    new FanfareError('unavailable', `Events do not come through: ${canary.problem}.`, { retryAfterMs: 1_000 }),
  )
}

/** With a token, whoever knows it; without one, this machine only. @throws FanfareError `unauthenticated`, `forbidden` */
const requireReader = (settings: HttpSettings, request: Request, remote: Remote): void => {
  const { metricsToken } = settings
  if (metricsToken !== undefined) {
    if (sameText(request.headers.get('authorization') ?? '', `Bearer ${metricsToken}`)) return
    throw new FanfareError('unauthenticated', 'Send the metrics token: Authorization: Bearer …')
  }
  if (isLocal(settings, request, remote)) return
  throw new FanfareError('forbidden', 'Metrics are for this machine only, unless FANFARE_METRICS_TOKEN is set.')
}

const isLocal = ({ trustedProxies }: HttpSettings, { headers }: Request, { address }: Remote): boolean => {
  const forwarded = headers.get('x-forwarded-for')
  const client = clientAddress(address, forwarded, trustedProxies)
  if (!/^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/.test(client)) return false
  // A proxy on this machine that nobody has declared speaks for somebody whom we do not know.
  const spokenFor = forwarded !== null || headers.has('forwarded')
  return !spokenFor || clientAddress(address, '192.0.2.1', trustedProxies) === '192.0.2.1'
}

const sameText = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
