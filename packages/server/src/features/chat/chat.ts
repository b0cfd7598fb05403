/** The chat: rooms with members, their messages, receipts and typing. Puts its parts together; each verb has a file of its own. */
import { createBatches } from '../../store/batches.ts'
import type { Feature, FeatureServices } from '../feature.ts'
import { createActivity } from './activity.ts'
import { apiOf } from './api.ts'
import type { ChatOptions } from './chat-api.ts'
import { chatCommands } from './commands.ts'
import { laneOf } from './lanes.ts'
import { markBatch } from './mark-batch.ts'
import { chatsRoom, typingRoom } from './names.ts'
import { readOptions } from './options.ts'
import type { ChatParts } from './parts.ts'
import { createRoles } from './roles.ts'
import { chatRooms } from './rooms.ts'
import { chatRoutes } from './routes.ts'
import { sendBatch } from './send-batch.ts'
import { chatSchema } from './tables.ts'
import { createTyping } from './typing.ts'

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
    sends: createBatches({ store, run: sendBatch(services), lane: laneOf(store.kind), most: 400 }),
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
