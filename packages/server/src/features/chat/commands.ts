/** What users may ask of chat. Membership and roles are the verbs' to check; here the application's own rules are asked besides. */
import { FanfareError } from '@fanfare/protocol'
import { z } from 'zod'
import type { CommandContext } from '../../app/app.ts'
import { command } from '../../app/define-app.ts'
import type { ChatOptions, NewMember, PageRequest } from './chat-api.ts'
import { attachment, json, role } from './shapes.ts'
import { roomNotFound } from './standing.ts'

const text = z.string()
const inRoom = { roomId: text }
const oneMessage = { ...inRoom, id: text }
const limit = z.number().exactOptional()

export const newMembers: z.ZodType<readonly NewMember[]> = z.array(
  z.object({ userId: text, role: role.exactOptional() }),
)
export const newRoom = z.object({
  id: text.exactOptional(),
  title: text.exactOptional(),
  data: json.exactOptional(),
  members: newMembers,
})
export const saying = {
  text,
  attachments: z.array(attachment).exactOptional(),
  mentions: z.array(text).exactOptional(),
  replyTo: text.exactOptional(),
  data: json.exactOptional(),
  key: text.exactOptional(),
}

type Action = 'read' | 'send' | 'moderate'

export const chatCommands = (options: ChatOptions) => {
  /** Whoever is no member hears of no rule. */
  const allow = async ({ chat, user }: CommandContext, roomId: string, action: Action): Promise<void> => {
    if (options.may === undefined) return
    if ((await chat.role(roomId, user.id)) === undefined) throw roomNotFound()
    if ((await options.may({ user, roomId, action })) === true) return
    throw new FanfareError('forbidden', `The application does not let the user ${action} in this chat room.`)
  }
  const readable = async (user: CommandContext['user'], roomId: string): Promise<boolean> =>
    options.may === undefined || (await options.may({ user, roomId, action: 'read' })) === true

  return {
    'chat:create': command(newRoom, async ({ chat, user }, asked) => {
      if (options.create === undefined || (await options.create({ user })) !== true) {
        throw new FanfareError('forbidden', 'The application does not let the user make chat rooms.')
      }
      const room = await chat.createRoom({ ...asked, members: [...asked.members, { userId: user.id, role: 'owner' }] })
      // Of an id that was there already, only a member hears. Asked after it, since others may be making it just now.
      if (asked.id === undefined || (await chat.role(room.id, user.id)) !== undefined) return room
      throw new FanfareError('forbidden', 'The id cannot be used; choose another, or none.')
    }),
    'chat:update': command(
      z.object({ ...inRoom, title: text.exactOptional(), data: json.exactOptional() }),
      async (context, { roomId, ...update }) => {
        await allow(context, roomId, 'moderate')
        return context.chat.updateRoom({ id: roomId, ...update }, { by: context.user.id })
      },
    ),
    'chat:list': command(z.object({ before: text.exactOptional(), limit }), async ({ chat, user }, page) => {
      const listed = await chat.rooms(user.id, page)
      const may = await Promise.all(listed.rooms.map(({ id }) => readable(user, id)))
      return { ...listed, rooms: listed.rooms.filter((_, index) => may[index]) }
    }),
    'chat:open': command(z.object({ ...inRoom, limit }), async (context, { roomId, ...asked }) => {
      await allow(context, roomId, 'read')
      return context.chat.open(roomId, context.user.id, asked)
    }),
    'chat:messages': command(
      z.object({ ...inRoom, before: limit, after: limit, limit }),
      async (context, { roomId, ...page }: PageRequest & { roomId: string }) => {
        await allow(context, roomId, 'read')
        return context.chat.messages(roomId, context.user.id, page)
      },
    ),
    'chat:members': command(
      z.object({ ...inRoom, after: text.exactOptional(), limit }),
      async (context, { roomId, ...page }) => {
        await allow(context, roomId, 'read')
        return context.chat.members(roomId, { ...page, userId: context.user.id })
      },
    ),
    'chat:privacy': command(z.object({ shown: z.boolean() }), ({ chat, user }, { shown }) =>
      chat.showReceipts(user.id, shown),
    ),
    'member:put': command(z.object({ ...inRoom, members: newMembers }), async (context, { roomId, members }) => {
      await allow(context, roomId, 'moderate')
      return context.chat.putMembers(roomId, members, { by: context.user.id })
    }),
    'member:remove': command(z.object({ ...inRoom, userId: text }), async (context, { roomId, userId }) => {
      const { chat, user } = context
      await allow(context, roomId, userId === user.id ? 'read' : 'moderate')
      await chat.removeMember(roomId, userId, { by: user.id })
    }),
    'message:send': command(z.object({ ...inRoom, ...saying }), async (context, message) => {
      await allow(context, message.roomId, 'send')
      return context.chat.send({ ...message, userId: context.user.id })
    }),
    'message:edit': command(z.object({ ...oneMessage, text }), async (context, asked) => {
      await allow(context, asked.roomId, 'send')
      return context.chat.edit({ ...asked, userId: context.user.id })
    }),
    'message:delete': command(z.object(oneMessage), async (context, asked) => {
      await allow(context, asked.roomId, 'send')
      return context.chat.delete({ ...asked, userId: context.user.id })
    }),
    'message:react': command(
      z.object({ ...oneMessage, reaction: text, remove: z.boolean().exactOptional() }),
      async (context, asked) => {
        await allow(context, asked.roomId, 'send')
        return context.chat.react({ ...asked, userId: context.user.id })
      },
    ),
    'message:delivered': command(z.object({ ...inRoom, number: z.number() }), async (context, { roomId, number }) => {
      await allow(context, roomId, 'read')
      return context.chat.delivered(roomId, context.user.id, number)
    }),
    'message:read': command(z.object({ ...inRoom, number: z.number() }), async (context, { roomId, number }) => {
      await allow(context, roomId, 'read')
      return context.chat.read(roomId, context.user.id, number)
    }),
    'typing:start': command(z.object(inRoom), async (context, { roomId }) => {
      await allow(context, roomId, 'send')
      await context.chat.typing(roomId, context.user.id, true)
    }),
    'typing:stop': command(z.object(inRoom), async (context, { roomId }) => {
      await allow(context, roomId, 'send')
      await context.chat.typing(roomId, context.user.id, false)
    }),
  }
}
