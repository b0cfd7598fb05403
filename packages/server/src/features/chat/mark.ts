/** A member says how far they have got, or have read. */
import type { Receipt } from '@fanfare/protocol'
import { checkCount, checkRoomId } from './check.ts'
import type { Mark } from './mark-batch.ts'
import type { Chat } from './parts.ts'

/** @throws FanfareError `not_found`, `invalid_payload`, `overloaded`, `unavailable` */
export const mark = async (chat: Chat, asked: Mark): Promise<Receipt> => {
  const { roomId, userId } = asked
  checkRoomId(roomId)
  const result = await chat.marks.add(chat.tenantId, { ...asked, number: checkCount(asked.number, 'number') })
  if ('refused' in result) throw result.refused
  // The user's other devices hear of it, whether others do or not.
  if (result.changed && asked.kind === 'read') chat.activity.read(chat.tenantId, roomId, userId)
  return result.receipt
}
