/** The chat: rooms with members, their messages, receipts and typing. Puts its parts together; each verb has a file of its own. */
import { createBatches } from '../../store/batches.ts'
import type { Feature, FeatureServices } from '../feature.ts'
import { createActivity } from './activity.ts'
import type { ChatApi, ChatOptions } from './chat-api.ts'
import { chatCommands } from './commands.ts'
import { createRoom } from './create-room.ts'
import { deleteMessage } from './delete.ts'
import { edit } from './edit.ts'
import { listMembers } from './list-members.ts'
import { listRooms } from './list-rooms.ts'
import { mark } from './mark.ts'
import { markBatch } from './mark-batch.ts'
import { messages } from './messages.ts'
import { chatsRoom, typingRoom } from './names.ts'
import { open } from './open.ts'
import { readOptions } from './options.ts'
import type { Chat, ChatParts } from './parts.ts'
import { showReceipts } from './privacy.ts'
import { putMembers } from './put-members.ts'
import { react } from './react.ts'
import { readRoom } from './read-room.ts'
import { removeMember } from './remove-member.ts'
import { createRoles } from './roles.ts'
import { chatRooms } from './rooms.ts'
import { chatRoutes } from './routes.ts'
import { send } from './send.ts'
import { sendBatch } from './send-batch.ts'
import { chatSchema } from './tables.ts'
import { type } from './type.ts'
import { createTyping } from './typing.ts'
import { updateRoom } from './update-room.ts'

export const chatFeature: Feature<'chat'> = {
  name: 'chat',
  schema: chatSchema,
  describe: (options) => ({
    rooms: chatRooms(options, readOptions(options)),
    commands: chatCommands(options),
    routes: chatRoutes,
    // A node that took a member out may have died before it said so to the others.
    on: { 'member.left': ({ chat }, { data }) => chat.reweigh((data as { readonly userId: string }).userId) },
  }),
  async open(services, options) {
    const parts = partsOf(services, options)
    return {
      api: (context) =>
        apiOf({ ...parts, tenantId: context.tenantId, store: services.store.of(context.tenantId), context }),
      async stop() {
        parts.typing.close()
        await parts.activity.close()
      },
    }
  },
}

const partsOf = (services: FeatureServices, options: ChatOptions): ChatParts => {
  const { store, clock, log } = services
  const limits = readOptions(options)
  const warn = (what: string) => (error: unknown) => log.warn({ error }, what)
  return {
    services,
    limits,
    sends: createBatches({ store, run: sendBatch(services), most: 400 }),
    marks: createBatches({ store, run: markBatch({ store, receiptsUpTo: limits.receiptsUpTo }) }),
    roles: createRoles(store),
    activity: createActivity({
      store,
      clock,
      isOnline: services.isOnline,
      tell: async (tenantId, userId, activity) =>
        void (await services.of(tenantId).publish(chatsRoom(userId), 'chat.activity', activity)),
      failed: warn('the activity of chat rooms was not told to all whom it concerns'),
    }),
    typing: createTyping({
      clock,
      forMs: limits.typingMs,
      tell: async ({ tenantId, roomId, userId }, event) => {
        const data = event === 'typing.started' ? { userId, forMs: limits.typingMs } : { userId }
        await services.of(tenantId).publish(typingRoom(roomId), event, data)
      },
      failed: warn('that somebody stopped typing was not told; clients see it by themselves'),
    }),
  }
}

const apiOf = (chat: Chat): ChatApi => ({
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
