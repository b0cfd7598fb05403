/** `context.chat`: every verb, in the tenant of whoever asks. */
import type { ChatApi } from './chat-api.ts'
import { createRoom } from './create-room.ts'
import { deleteMessage } from './delete.ts'
import { edit } from './edit.ts'
import { listMembers } from './list-members.ts'
import { listRooms } from './list-rooms.ts'
import { mark } from './mark.ts'
import { messages } from './messages.ts'
import { open } from './open.ts'
import type { Chat } from './parts.ts'
import { showReceipts } from './privacy.ts'
import { putMembers } from './put-members.ts'
import { react } from './react.ts'
import { readRoom } from './read-room.ts'
import { removeMember } from './remove-member.ts'
import { send } from './send.ts'
import { type } from './type.ts'
import { updateRoom } from './update-room.ts'

export const apiOf = (chat: Chat): ChatApi => ({
  createRoom: (room) => createRoom(chat, room),
  room: (roomId) => readRoom(chat, roomId),
  updateRoom: (room, behalf) => updateRoom(chat, { ...room, ...behalf }),
  putMembers: (roomId, members, behalf) => putMembers(chat, { roomId, members, ...behalf }),
  removeMember: (roomId, userId, behalf) => removeMember(chat, { roomId, userId, ...behalf }),
  members: (roomId, page) => listMembers(chat, { roomId, ...page }),
  role: (roomId, userId) => chat.roles.of(chat.tenantId, roomId, userId),
  send: (message) => send(chat, message),
  edit: (asked) => edit(chat, asked),
  delete: (asked) => deleteMessage(chat, asked),
  react: (asked) => react(chat, asked),
  open: (roomId, userId, options) => open(chat, { roomId, userId, ...options }),
  messages: (roomId, userId, page) => messages(chat, { roomId, userId, ...page }),
  delivered: (roomId, userId, number) => mark(chat, { kind: 'delivered', roomId, userId, number }),
  read: (roomId, userId, number) => mark(chat, { kind: 'read', roomId, userId, number }),
  typing: (roomId, userId, typing) => type(chat, { roomId, userId, typing }),
  rooms: (userId, page) => listRooms(chat, { userId, ...page }),
  showReceipts: (userId, shown) => showReceipts(chat, { userId, shown }),
  reweigh: (userId) => chat.services.reweigh(chat.tenantId, userId),
})
