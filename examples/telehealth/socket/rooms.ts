/** Visits as rooms to the clinic's clients: which they hear from the start, and how they come into others and leave them. */
import { FanfareError } from '@fanfare/protocol'
import type { SocketContext } from '@fanfare/server'
import { z } from 'zod'
import { followTopic } from '../topics.ts'
import { mayInVisit, peopleIn, visitRoom } from '../visits.ts'
import { answered, answeredIn } from './answer.ts'

const RoomRequest = z.object({
  roomId: z.string().min(1).max(128),
  roomType: z.enum(['chat', 'call', 'notification']).default('chat'),
})

/** A session may be in 128 rooms: these are heard at once, others when they are joined. */
const heardFromStart = 20

/** Greets, and puts the client into the visits that spoke last. A session that came back is in its rooms already. */
export const greet = async (socket: SocketContext): Promise<void> => {
  const { id: socketId, user, recovered } = socket
  if (!recovered && mayInVisit({ user, action: 'read' })) {
    const { rooms } = await socket.chat.rooms(user.id, { limit: heardFromStart })
    await Promise.all(rooms.map(({ id }) => socket.join(visitRoom(id))))
  }
  socket.emit('connected', {
    socketId,
    userId: user.id,
    role: user.roles[0] ?? null,
    recovered,
    timestamp: new Date().toISOString(),
  })
}

const partsOf = (roomId: string): readonly string[] => {
  const room = visitRoom(roomId)
  return [room, `${room}:receipts`, `${room}:typing`]
}

const join = answeredIn('read', RoomRequest, async (socket, { roomId, roomType }) => {
  if (roomType === 'call') throw new FanfareError('unavailable', 'There are no calls here yet.')
  if (roomType === 'notification') {
    await followTopic(socket, roomId)
    return { roomId, roomType }
  }
  for (const room of partsOf(roomId)) await socket.join(room)
  await socket.appear(visitRoom(roomId), { name: String(socket.user.claims.name ?? '') })
  const { room, unread } = await socket.chat.open(roomId, socket.user.id, { limit: 1 })
  return { roomId, roomType, title: room.title, participants: peopleIn(room.data), unread }
})

const leave = answered(RoomRequest, async (socket, { roomId, roomType }) => {
  if (roomType === 'notification') await socket.inbox.unsubscribe(socket.user.id, roomId)
  else for (const room of partsOf(roomId)) await socket.leave(room)
  return { roomId, roomType }
})

const participants = answeredIn('read', RoomRequest, async (socket, { roomId }) => {
  const { room } = await socket.chat.open(roomId, socket.user.id, { limit: 1 })
  const present = await socket.members(visitRoom(roomId))
  return { roomId, participants: peopleIn(room.data), present: present.map(({ userId }) => userId) }
})

const list = answered(z.object({ before: z.string().exactOptional() }), async (socket, asked) => {
  const page = await socket.chat.rooms(socket.user.id, asked)
  const visits = page.rooms.map(({ id, title, unread, lastNumber, data }) => {
    return { visitId: id, title, unread, lastNumber, participants: peopleIn(data) }
  })
  return { visits, ...(page.before === undefined ? {} : { before: page.before }) }
})

export const roomEvents = {
  'room:join': join,
  'room:leave': leave,
  'room:participants': participants,
  'visit:list': list,
}
