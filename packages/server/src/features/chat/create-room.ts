/** Makes a room with its members; with an id that is there already, the room as it is. */
import type { ChatRoom } from '@fanfare/protocol'
import type { AuditEntry } from '../../model/audit.ts'
import type { NewRoom } from './chat-api.ts'
import { checkData, checkRoomId, checkTitle } from './check.ts'
import { chatRoom } from './names.ts'
import { checkMembers, insertMembers } from './new-members.ts'
import type { Chat } from './parts.ts'
import { roomOf } from './rows.ts'
import { tellAdded } from './tell-members.ts'

/** @throws FanfareError `bad_name`, `invalid_payload`, `too_large`, `unavailable` */
export const createRoom = async (chat: Chat, asked: NewRoom): Promise<ChatRoom> => {
  const { services, limits, store, tenantId } = chat
  const now = services.clock.now()
  const id = checkRoomId(asked.id ?? services.ids(now))
  const members = checkMembers(asked.members, limits)
  const row = {
    id,
    title: checkTitle(asked.title ?? ''),
    data: checkData(asked.data),
    created_at: now,
    last_number: 0,
    last_offset: 0,
    active_at: now,
    members: members.length,
  }
  const { room, isNew } = await store.change(async (change) => {
    const { rows } = change
    const [made] = await rows
      .insertInto('chat_room')
      .values(row)
      .onConflict((conflict) => conflict.columns(['id']).doNothing())
      .returning('id')
      .execute()
    if (!made) {
      const there = await rows.selectFrom('chat_room').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
      return { room: roomOf(there, limits), isNew: false }
    }
    await insertMembers(rows, { roomId: id, members, now, read: 0 })
    const room = roomOf(row, limits)
    await change.publish([{ room: chatRoom(id), type: 'room.updated', data: { room: room } }])
    const entries = members.map(({ userId, role }): AuditEntry => {
      const detail = { room: chatRoom(id), role }
      return { tenantId, action: 'member.added', actor: { kind: 'application' }, subject: userId, detail }
    })
    await services.find('audit')?.in(change, entries)
    return { room: room, isNew: true }
  })
  if (isNew) tellAdded(chat, id, members)
  return room
}
