/** The rooms of a socket: entered so that nothing is missed between the moment that is kept and the first event. */
import { roomPart, toFanfareError } from '@fanfare/protocol'
import type { StateRoom } from '../../engine/session-states.ts'
import type { User } from '../../model/identity.ts'
import { errorFrame } from '../error-frame.ts'
import { leavePresence } from '../presence.ts'
import { enterRoom } from '../subscribe.ts'
import { leave } from '../unsubscribe.ts'
import type { Socket } from './socket.ts'

/** Fills the templates of a namespace. */
export const roomsOf = (templates: readonly string[], user: Pick<User, 'id' | 'tenantId'>): readonly string[] => {
  const values: { readonly [name: string]: string } = { userId: roomPart(user.id), tenantId: user.tenantId }
  return templates.map((template) => template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''))
}

/** All at once. One that is refused says so to the client, and does not stop the others. Resolves with whether all were entered whole. */
export const enterRooms = async (socket: Socket, places: readonly StateRoom[]): Promise<boolean> => {
  const entered = await Promise.all(places.map((place) => enterOrTell(socket, place)))
  return entered.every(Boolean)
}

const enterOrTell = async (socket: Socket, place: StateRoom): Promise<boolean> => {
  try {
    return await enter(socket, place)
  } catch (thrown) {
    const error = toFanfareError(thrown)
    const { services } = socket.options.node
    if (error.code === 'internal') services.log.error({ error: error.cause }, 'a room could not be entered')
    socket.begins?.delete(place.name)
    socket.session.send(errorFrame(error, { room: place.name }))
    return false
  }
}

/** @throws FanfareError what `subscribe` throws */
const enter = async (socket: Socket, { name, ...since }: StateRoom): Promise<boolean> => {
  const { services, recovery } = socket.options.node
  const { session } = socket
  const room = recovery ? recovery.roomOf(session.tenantId, socket.id, name) : services.app.room(session.tenantId, name)
  let whole = true
  await enterRoom(services, session, {
    room,
    // Where nothing is kept, nothing was promised: the room goes on with what comes.
    ...(room.log.keep > 0 && { since }),
    began: ({ recovered }) => {
      whole = recovered !== false
    },
  })
  return whole
}

/** @throws FanfareError `unknown_room`, `forbidden`, `too_many_rooms`, `unavailable` */
export const join = async (socket: Socket, name: string): Promise<void> => {
  const { services, recovery } = socket.options.node
  const { session } = socket
  const room = services.app.room(session.tenantId, name)
  if (session.subscriptions.has(room.key)) return
  const { top } = await services.engine.log.read(room, { after: 'latest', limit: 1 })
  const place = { name, epoch: top.epoch, offset: top.offset }
  if (recovery) await socket.joining(place, () => enter(socket, place))
  else await enter(socket, place)
}

/** Nothing when it is not in the room. */
export const leaveRoom = async (socket: Socket, name: string): Promise<void> => {
  const { services } = socket.options.node
  const { session } = socket
  const room = services.app.room(session.tenantId, name)
  const subscription = session.subscriptions.get(room.key)
  if (!subscription) return
  leave(services, subscription)
  await leavePresence(services, session, { room: room.key, graceMs: 0 })
  socket.begins?.delete(name)
  await socket.saveChange()
}
