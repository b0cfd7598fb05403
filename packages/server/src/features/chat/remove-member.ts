/** Takes a member out of a room, and ends their subscriptions there. */
import { type ChatRole, FanfareError } from '@fanfare/protocol'
import type { AuditEntry } from '../../model/audit.ts'
import type { Rows } from '../../store/store.ts'
import type { Behalf } from './chat-api.ts'
import { checkRoomId } from './check.ts'
import { chatRoom } from './names.ts'
import type { Chat } from './parts.ts'
import { placeOf } from './rows.ts'
import { lockRoom, moderates, standingOf } from './standing.ts'
import { tellRemoved } from './tell-members.ts'

export type Removing = Behalf & { readonly roomId: string; readonly userId: string }

/** @throws FanfareError `not_found`, `forbidden`, `unavailable` */
export const removeMember = async (chat: Chat, { roomId, userId, by }: Removing): Promise<void> => {
  const { services, store, tenantId } = chat
  checkRoomId(roomId)
  const removed = await store.change(async (change) => {
    const { rows } = change
    const room = await lockRoom(change, services.store.kind, roomId)
    const place = placeOf(roomId, userId)
    const member = await rows.selectFrom('chat_member').select('role').where('place', '=', place).executeTakeFirst()
    if (by !== undefined) await mayRemove(rows, { roomId, by, userId, role: member?.role })
    if (!member) return false
    await rows.deleteFrom('chat_member').where('place', '=', place).execute()
    await rows
      .updateTable('chat_room')
      .set({ members: room.members - 1 })
      .where('id', '=', roomId)
      .execute()
    const draft = { room: chatRoom(roomId), type: 'member.left', data: { userId } }
    await change.publish([by === undefined ? draft : { ...draft, userId: by }])
    const actor: AuditEntry['actor'] = by === undefined ? { kind: 'application' } : { kind: 'user', id: by }
    const detail = { room: chatRoom(roomId) }
    await services.find('audit')?.in(change, [{ tenantId, action: 'member.removed', actor, subject: userId, detail }])
    return true
  })
  // Again when it is asked again: the first time may have ended in between. The reaction to `member.left` sees to the rest.
  await services.reweigh(tenantId, userId)
  if (removed) tellRemoved(chat, roomId, userId)
}

type Asking = Required<Removing> & { readonly role: ChatRole | undefined }

/** Everybody may leave. Owners may take out all, moderators those who are neither owners nor moderators. */
const mayRemove = async (rows: Rows, { roomId, by, userId, role }: Asking): Promise<void> => {
  const { member } = await standingOf(rows, roomId, by)
  const isLesser = role === undefined || !moderates(role)
  if (by === userId || member.role === 'owner' || (member.role === 'moderator' && isLesser)) return
  throw new FanfareError(
    'forbidden',
    'Owners of a chat room take members out of it; moderators do, but for owners and moderators.',
  )
}
