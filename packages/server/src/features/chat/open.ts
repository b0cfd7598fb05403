/** Opens a room for a member: all that there is to show, of one moment, and the position from which to subscribe. */
import type { OpenRoom } from './chat-api.ts'
import { checkRoomId } from './check.ts'
import { readMembers } from './list-members.ts'
import { checkPage, noteReading, readPage } from './messages.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { roomOf } from './rows.ts'
import { standingOf } from './standing.ts'

export type Opening = { readonly roomId: string; readonly userId: string; readonly limit?: number }

/** @throws FanfareError `not_found`, `invalid_payload`, `unavailable` */
export const open = async (chat: Chat, { roomId, userId, limit }: Opening): Promise<OpenRoom> => {
  checkRoomId(roomId)
  const request = checkPage(limit === undefined ? {} : { limit })
  const sealer = await chat.store.sealer()
  const opened = await chat.store.read(async (rows) => {
    const standing = await standingOf(rows, roomId, userId)
    const { room, member } = standing
    const { members, after } = await readMembers(rows, { roomId, userId, limit: bounds.membersPage })
    const receipts = after === undefined ? members.flatMap(({ receipt }) => receipt ?? []) : undefined
    const reading = { chat, standing, sealer, request, ...(receipts === undefined ? {} : { receipts }) }
    const { page, position } = await readPage(rows, reading)
    const unread = room.last_number - member.read_number
    return { room: roomOf(room, chat.limits), members, receipts: page.receipts, page, unread, position }
  })
  noteReading(chat, { roomId, userId, count: opened.page.messages.length })
  return opened
}
