/** Tells users, in `chats:<userId>`, that they are in a room now, or no more. Nobody waits for it: who is away asks `chat:list`. */
import type { Json } from '@fanfare/protocol'
import { chatsRoom } from './names.ts'
import type { CheckedMember } from './new-members.ts'
import type { Chat } from './parts.ts'

export const tellAdded = (chat: Chat, roomId: string, members: readonly CheckedMember[]): void => {
  tell(
    chat,
    'chat.added',
    members.map(({ userId, role }) => ({ userId, data: { roomId, role } })),
  )
}

export const tellRemoved = (chat: Chat, roomId: string, userId: string): void => {
  tell(chat, 'chat.removed', [{ userId, data: { roomId } }])
}

type Word = { readonly userId: string; readonly data: Json }

const tell = ({ context, services }: Chat, type: string, words: readonly Word[]): void => {
  const { tenantId, log } = context
  const tellAll = async (): Promise<void> => {
    for (const { userId, data } of words) {
      if (await services.isOnline(tenantId, userId)) await services.of(tenantId).publish(chatsRoom(userId), type, data)
    }
  }
  tellAll().catch((error: unknown) => log.warn({ error }, `${type} was not told to all whom it concerns`))
}
