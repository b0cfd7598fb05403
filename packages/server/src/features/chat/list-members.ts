/** The members of a room, page by page. */
import type { MemberPage } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'
import { checkLimit, checkRoomId } from './check.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { memberOf } from './rows.ts'
import { roomNotFound, standingOf } from './standing.ts'

export type MembersAsked = {
  readonly roomId: string
  /** The member who asks; absent: the application. */
  readonly userId?: string
  readonly after?: string
  readonly limit?: number
}

/** @throws FanfareError `not_found`, `invalid_payload`, `unavailable` */
export const listMembers = async (chat: Chat, asked: MembersAsked): Promise<MemberPage> => {
  const { roomId, userId } = asked
  checkRoomId(roomId)
  const limit = checkLimit(asked.limit ?? bounds.membersPage, bounds.membersPage)
  return chat.store.read(async (rows) => {
    if (userId === undefined) {
      const room = await rows.selectFrom('chat_room').select('id').where('id', '=', roomId).executeTakeFirst()
      if (!room) throw roomNotFound()
    } else await standingOf(rows, roomId, userId)
    return readMembers(rows, { ...asked, limit })
  })
}

/** In order of user id; receipts of those who show them, and the asking user's own. */
export const readMembers = async (
  rows: Rows,
  { roomId, userId, after = '', limit }: MembersAsked & { readonly limit: number },
): Promise<MemberPage> => {
  const found = await rows
    .selectFrom('chat_member')
    .leftJoin('chat_private', 'chat_private.user_id', 'chat_member.user_id')
    .select([
      'chat_member.user_id',
      'role',
      'joined_at',
      'delivered_number',
      'read_number',
      'chat_private.user_id as hidden',
    ])
    .where('room_id', '=', roomId)
    .where('chat_member.user_id', '>', after)
    .orderBy('chat_member.user_id')
    .limit(limit + 1)
    .execute()
  const page = found.slice(0, limit)
  const members = page.map((row) => memberOf(row, { shown: row.hidden === null || row.user_id === userId }))
  const last = page.at(-1)
  return found.length > limit && last ? { members, after: last.user_id } : { members }
}
