/** Changes what a room is called, and what the application keeps with it. */
import { type ChatRoom, FanfareError, type Json } from '@fanfare/protocol'
import type { Behalf } from './chat-api.ts'
import { checkData, checkRoomId, checkTitle } from './check.ts'
import { chatRoom } from './names.ts'
import type { Chat } from './parts.ts'
import { roomOf } from './rows.ts'
import { lockRoom, moderates, standingOf } from './standing.ts'

export type RoomUpdate = Behalf & { readonly id: string; readonly title?: string; readonly data?: Json }

/** @throws FanfareError `not_found`, `forbidden`, `invalid_payload`, `too_large`, `unavailable` */
export const updateRoom = async (chat: Chat, { id, title, data, by }: RoomUpdate): Promise<ChatRoom> => {
  const { services, limits, store } = chat
  checkRoomId(id)
  const update = {
    ...(title === undefined ? {} : { title: checkTitle(title) }),
    ...(data === undefined ? {} : { data: checkData(data) }),
  }
  return store.change(async (change) => {
    const row = await lockRoom(change, services.store.kind, id)
    if (by !== undefined && !moderates((await standingOf(change.rows, id, by)).member.role)) {
      throw new FanfareError('forbidden', 'Only owners and moderators change a chat room.')
    }
    const room = roomOf({ ...row, ...update }, limits)
    if (Object.keys(update).length === 0) return room
    await change.rows.updateTable('chat_room').set(update).where('id', '=', id).execute()
    const draft = { room: chatRoom(id), type: 'room.updated', data: { room } }
    await change.publish([by === undefined ? draft : { ...draft, userId: by }])
    return room
  })
}
