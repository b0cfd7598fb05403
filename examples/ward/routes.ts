/** The ward's REST interface: devices report, tests publish, dashboards ask for statistics. */
import { FanfareError } from '@fanfare/protocol'
import type { RouteContext, User } from '@fanfare/server'
import { z } from 'zod'
import { acceptDeviceData } from './device-data.ts'
import { DeviceData } from './events.ts'
import { readTestEvent, type Subject } from './test-publish.ts'

const readBody = async (request: Request): Promise<unknown> => {
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

const answer = <T>(data: T) => ({ success: true, data, timestamp: new Date().toISOString() })

/** @throws FanfareError `forbidden` */
const mustWrite = (user: User | undefined, { resource, id }: Subject): void => {
  if (user?.is('admin') || (resource !== 'system' && user?.may('write', resource, id))) return
  throw new FanfareError('forbidden', `You may not write for ${resource} ${id}.`)
}

/** A reading is written for its device, and for the patient that it is about. @throws FanfareError `forbidden` */
export const mustWriteFor = (user: User | undefined, data: DeviceData): void => {
  mustWrite(user, { resource: 'device', id: data.device_id })
  if (data.patient_id !== undefined) mustWrite(user, { resource: 'patient', id: data.patient_id })
}

/** @throws FanfareError `invalid_payload`, `forbidden` */
export const reportDeviceData = async (context: RouteContext) => {
  const read = DeviceData.safeParse(await readBody(context.request))
  if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
  mustWriteFor(context.user, read.data)
  const { id, room, offset, durability } = await acceptDeviceData(context, read.data)
  return answer({ id, room, offset, durability })
}

/** @throws FanfareError `invalid_payload`, `forbidden` */
export const publishTestEvent = async (context: RouteContext) => {
  const event = readTestEvent(await readBody(context.request))
  mustWrite(context.user, event.subject)
  const { id, room, offset, durability } = await context.publish(event.room, event.type, event.data)
  return answer({ event_type: event.type, id, room, offset, durability })
}

export const tellStats = async (context: RouteContext) => {
  const stats = await context.stats()
  return answer({
    total_connections: stats.sessions,
    unique_users: stats.users,
    active_rooms: stats.rooms,
    connections_by_room: stats.sessionsByRoom,
    connections_by_user: stats.sessionsByUser,
  })
}
