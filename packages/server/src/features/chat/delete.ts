/** Deletes a message: its author for a while, a moderator always. What it said goes from its row and from the journal; that it was there stays. */
import { type ChatMessage, FanfareError } from '@fanfare/protocol'
import { checkRoomId } from './check.ts'
import { chatRoom } from './names.ts'
import type { Chat } from './parts.ts'
import { redactMessage } from './retell.ts'
import { type MemberRow, type MessageRow, messageOf, noReactions } from './rows.ts'
import { lockStanding, mayWrite, messageIn, moderates } from './standing.ts'

export type Deleting = { readonly roomId: string; readonly id: string; readonly userId: string }

const nothing = { text: '', attachments: [] } as const

/** Again: the same answer, and nothing happens. @throws FanfareError `not_found`, `forbidden`, `unavailable` */
export const deleteMessage = async (chat: Chat, { roomId, id, userId }: Deleting): Promise<ChatMessage> => {
  const { services, store, tenantId } = chat
  checkRoomId(roomId)
  return store.change(async (change) => {
    const { rows } = change
    const { member } = await lockStanding(change, services.store.kind, { roomId, userId })
    const row = await messageIn(rows, roomId, id)
    const now = services.clock.now()
    mayDelete(chat, { row, member, now })
    if (row.deleted_at !== null) return messageOf(row, nothing, noReactions)
    const emptied = { body: '', body_key: null, mentions: '[]', deleted_at: now }
    await rows.updateTable('chat_message').set(emptied).where('id', '=', id).execute()
    await rows.deleteFrom('chat_reaction').where('message_id', '=', id).execute()
    const message = messageOf({ ...row, ...emptied }, nothing, noReactions)
    await change.publish([{ room: chatRoom(roomId), type: 'message.deleted', userId, data: { message } }])
    await redactMessage(change, message)
    const actor = { kind: 'user', id: userId } as const
    const detail = { room: chatRoom(roomId), author: row.user_id }
    await services.find('audit')?.in(change, [{ tenantId, action: 'message.deleted', actor, subject: id, detail }])
    return message
  })
}

const mayDelete = (
  { limits }: Chat,
  { row, member, now }: { readonly row: MessageRow; readonly member: MemberRow; readonly now: number },
): void => {
  if (moderates(member.role)) return
  mayWrite(member)
  if (row.user_id !== member.user_id) {
    throw new FanfareError('forbidden', 'Only its author or a moderator may delete a message.')
  }
  if (row.deleted_at === null && now - row.created_at > limits.editableMs) {
    throw new FanfareError('forbidden', 'The message can no longer be deleted by its author; ask a moderator.')
  }
}
