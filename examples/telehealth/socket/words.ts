/** Fanfare's events in the names and fields that the clinic's Socket.IO clients know. The one place where the two meet. */
import type { ChatMessage, Json, RoomEvent } from '@fanfare/protocol'
import type { SocketIoDescription } from '@fanfare/server'

/** A message as those clients know it: its text is `message`, its room a visit. */
export const toldMessage = (message: ChatMessage) => {
  const { id, roomId, userId, text, number, offset, createdAt, editedAt, deletedAt, ...rest } = message
  return {
    id,
    messageId: id,
    visitId: roomId,
    senderId: userId,
    message: text,
    number,
    offset,
    timestamp: createdAt,
    ...(editedAt === undefined ? {} : { editedAt }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
    ...rest,
  }
}

/** `chat:{visitId}` and what is below it. */
const visitOf = ({ room }: RoomEvent): string => room.split(':')[1] ?? ''

const dataOf = ({ data }: RoomEvent) => data as { readonly [name: string]: Json }
const message = (event: RoomEvent): Json =>
  toldMessage((event.data as unknown as { readonly message: ChatMessage }).message) as unknown as Json
const inVisit = (event: RoomEvent): Json => ({ visitId: visitOf(event), ...dataOf(event) })
const ofVisit = (event: RoomEvent): Json => {
  const { roomId, ...rest } = dataOf(event)
  return { visitId: roomId ?? null, ...rest }
}
const status = (event: RoomEvent): Json => {
  const { state, text, ...rest } = dataOf(event)
  return { ...rest, status: state ?? null, customStatus: text ?? '' }
}

export const words: NonNullable<SocketIoDescription['events']> = {
  'message.created': { name: 'message:new', data: message },
  'message.edited': { name: 'message:edited', data: message },
  'message.deleted': { name: 'message:deleted', data: message },
  'message.reacted': { name: 'message:reaction', data: message },
  'receipt.updated': { name: 'message:receipt', data: inVisit },
  'typing.started': { name: 'typing:start', data: inVisit },
  'typing.stopped': { name: 'typing:stop', data: inVisit },
  'room.updated': { name: 'room:updated', data: inVisit },
  'member.joined': { name: 'room:participant-joined', data: inVisit },
  'member.updated': { name: 'room:participant-updated', data: inVisit },
  'member.left': { name: 'room:participant-left', data: inVisit },
  'chat.activity': { name: 'visit:activity', data: ofVisit },
  'chat.added': { name: 'visit:added', data: ofVisit },
  'chat.removed': { name: 'visit:removed', data: ofVisit },
  'notification.created': 'notification:new',
  'notification.updated': 'notification:updated',
  'notification.count': 'notification:count',
  'status.updated': { name: 'presence:update', data: status },
  'fanfare:presence': 'room:presence',
}
