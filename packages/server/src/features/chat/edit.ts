/** Puts another text in the place of a message's: its author, for a while. */
import { type ChatMessage, FanfareError } from '@fanfare/protocol'
import { checkRoomId, checkText } from './check.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { readMessage } from './reactions.ts'
import { retell } from './retell.ts'
import { openBody, sealBody } from './rows.ts'
import { lockStanding, mayWrite, messageIn } from './standing.ts'

export type Editing = {
  readonly roomId: string
  readonly id: string
  readonly userId: string
  readonly text: string
}

/** @throws FanfareError `not_found`, `forbidden`, `invalid_payload`, `too_large`, `unavailable` */
export const edit = async (chat: Chat, { roomId, id, userId, text: given }: Editing): Promise<ChatMessage> => {
  const { services, limits, store } = chat
  checkRoomId(roomId)
  const text = checkText(given, limits)
  const sealer = await store.sealer()
  return store.change(async (change) => {
    const { member } = await lockStanding(change, services.store.kind, { roomId, userId })
    const row = await messageIn(change.rows, roomId, id)
    mayWrite(member)
    if (row.user_id !== userId) throw new FanfareError('forbidden', 'Only its author may edit a message.')
    if (row.deleted_at !== null) throw new FanfareError('not_found', 'The message was deleted.')
    const now = services.clock.now()
    if (now - row.created_at > limits.editableMs) {
      throw new FanfareError('forbidden', 'The message can no longer be edited; send another.')
    }
    const body = openBody(sealer, row)
    if (text.trim() === '' && body.attachments.length === 0 && body.data === undefined) {
      throw new FanfareError('invalid_payload', 'The text is empty; delete the message instead.')
    }
    if (text === body.text) return readMessage(change.rows, row, sealer)
    const edited = { ...sealBody(sealer, id, { ...body, text }), edited_at: now }
    await change.rows.updateTable('chat_message').set(edited).where('id', '=', id).execute()
    const message = await readMessage(change.rows, { ...row, ...edited }, sealer)
    // Whatever others did to it by reacting, its author can still put it right.
    await retell(change, { type: 'message.edited', message, userId, most: 2 * bounds.changes })
    return message
  })
}
