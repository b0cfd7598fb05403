/** The hospital's REST interface: recent events, statistics, and a way to publish a test event. */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { RouteContext } from '@fanfare/server'
import { z } from 'zod'
import { EventType, publishEvent, recentEvents } from './events.ts'

const TestEvent = z.object({ tenant_id: z.string(), event_type: EventType, data: z.json().default({}) })

const defaultCount = 50
const mostCount = 1_000

export const readBody = async (request: Request): Promise<unknown> => {
  // The server has looked through what says that it is JSON, and only that.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new FanfareError('bad_frame', 'Send JSON, with the header Content-Type: application/json.')
  }
  try {
    return await request.json()
  } catch (cause) {
    throw new FanfareError('bad_frame', 'The body must be JSON.', { cause })
  }
}

/** What a client says of its tenant must be what its token says. */
const mustBeOwn = (context: RouteContext, tenantId: string | undefined): void => {
  if (tenantId !== context.tenantId) throw new FanfareError('tenant_mismatch')
}

/** @throws FanfareError `tenant_mismatch` */
export const tellEvents = async (context: RouteContext) => {
  mustBeOwn(context, context.params.tenantId)
  const asked = Number.parseInt(context.query.get('count') ?? '', 10) || defaultCount
  return { events: await recentEvents(context, Math.min(Math.max(asked, 1), mostCount)) }
}

export const tellStats = async (context: RouteContext) => ({
  total_connections: (await context.stats()).sessions,
  timestamp: new Date().toISOString(),
})

/** @throws FanfareError `invalid_payload`, `tenant_mismatch` */
export const publishTestEvent = async (context: RouteContext) => {
  const read = TestEvent.safeParse(await readBody(context.request))
  if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
  const { tenant_id: tenantId, event_type: type, data } = read.data
  mustBeOwn(context, tenantId)
  await publishEvent(context, { type, data: data as Json, ...(context.user ? { userId: context.user.id } : {}) })
  return { message: 'Event published successfully' }
}
