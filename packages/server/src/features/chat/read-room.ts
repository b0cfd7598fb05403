/** A room as the application sees it, who is in it or not. */
import type { ChatRoom } from '@fanfare/protocol'
import { checkRoomId } from './check.ts'
import type { Chat } from './parts.ts'
import { roomOf } from './rows.ts'

/** @throws FanfareError `bad_name`, `unavailable` */
export const readRoom = async (chat: Chat, roomId: string): Promise<ChatRoom | undefined> => {
  checkRoomId(roomId)
  const row = await chat.store.read((rows) =>
    rows.selectFrom('chat_room').selectAll().where('id', '=', roomId).executeTakeFirst(),
  )
  return row && roomOf(row, chat.limits)
}
