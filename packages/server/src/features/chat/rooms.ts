/** The rooms of chat: who may be in them, what is said there, and how long it is kept. */
import { roomPart } from '@fanfare/protocol'
import { z } from 'zod'
import type { AccessRule } from '../../app/app.ts'
import type { RoomDescription } from '../../app/description.ts'
import type { ChatOptions } from './chat-api.ts'
import type { ChatLimits } from './options.ts'
import { activity, member, message, receipt, receiptCount, role, room } from './shapes.ts'

const told = z.object({ message })

const mine: AccessRule = ({ user, params }) => params.userId === roomPart(user.id)

export const chatRooms = (options: ChatOptions, { archive }: ChatLimits) => {
  const members: AccessRule = async ({ user, params, context }) => {
    const roomId = params.roomId ?? ''
    if ((await context.chat.role(roomId, user.id)) === undefined) return false
    return options.may === undefined || (await options.may({ user, roomId, action: 'read' })) === true
  }
  return {
    'chat:{roomId}': {
      events: {
        'message.created': told,
        'message.edited': told,
        'message.deleted': told,
        'message.reacted': told,
        'room.updated': z.object({ room }),
        'member.joined': z.object({ member }),
        'member.updated': z.object({ member }),
        'member.left': z.object({ userId: z.string() }),
      },
      log: { archive },
      access: members,
      presence: true,
    },
    'chat:{roomId}:receipts': {
      events: { 'receipt.updated': z.union([receipt, receiptCount]) },
      log: { archive: '1d' },
      access: members,
    },
    'chat:{roomId}:typing': {
      events: {
        'typing.started': z.object({ userId: z.string(), forMs: z.number() }),
        'typing.stopped': z.object({ userId: z.string() }),
      },
      log: 'none',
      access: members,
    },
    'chats:{userId}': {
      events: {
        'chat.activity': activity,
        'chat.added': z.object({ roomId: z.string(), role }),
        'chat.removed': z.object({ roomId: z.string() }),
      },
      // Each says how things stand, and who was away asks for all of it.
      log: 'none',
      access: mine,
    },
  } satisfies { readonly [pattern: string]: RoomDescription }
}
