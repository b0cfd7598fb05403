/** The hospital's events, and the shape in which its clients know them. */
import type { Json, RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '@fanfare/server'
import { z } from 'zod'

/** One room for everything that happens in a tenant; every session of the tenant is in it. */
export const eventsRoom = 'events'

export const eventTypes = [
  'patient.created',
  'patient.updated',
  'appointment.created',
  'appointment.updated',
  'appointment.cancelled',
  'user.login',
  'usage.updated',
  'backup.completed',
  'system.alert',
] as const
export const EventType = z.enum(eventTypes)
export type EventType = z.infer<typeof EventType>

/** What is kept of an event: whom it is about, which need not be who published it, and the data itself. */
export const Recorded = z.object({
  userId: z.union([z.string(), z.number()]).optional(),
  data: z.json(),
})

export const eventSchemas = Object.fromEntries(eventTypes.map((type) => [type, Recorded])) as {
  readonly [Type in EventType]: typeof Recorded
}

export type HospitalEvent = {
  readonly type: string
  readonly tenantId: string
  readonly userId?: string | number
  readonly data: Json
  /** ISO 8601. */
  readonly timestamp: string
}

/** Ids of users are texts to Fanfare and were numbers to the hospital: one that reads as a number is one again. */
export const userIdOf = (userId: string): string | number =>
  /^(0|[1-9]\d{0,14})$/.test(userId) ? Number(userId) : userId

/** The event as the hospital's clients expect it. */
export const hospitalEvent = ({ type, tenantId, data: kept, timestamp }: RoomEvent): HospitalEvent => {
  const { userId, data } = Recorded.parse(kept)
  return { type, tenantId, ...(userId === undefined ? {} : { userId }), data, timestamp }
}

/** @throws FanfareError `invalid_payload`, `unavailable` */
export const publishEvent = (
  context: Pick<AppContext, 'publish'>,
  event: { readonly type: EventType; readonly userId?: string; readonly data: Json },
) => {
  const { type, userId, data } = event
  return context.publish(eventsRoom, type, { ...(userId === undefined ? {} : { userId: userIdOf(userId) }), data })
}

/** The newest first. */
export const recentEvents = async (context: Pick<AppContext, 'history'>, count: number): Promise<HospitalEvent[]> => {
  const { events } = await context.history(eventsRoom, { limit: count })
  return events.map(hospitalEvent).reverse()
}
