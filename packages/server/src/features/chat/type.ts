/** A member begins to type, or stops. */
import { FanfareError } from '@fanfare/protocol'
import { checkRoomId } from './check.ts'
import type { Chat } from './parts.ts'
import { mayWrite, roomNotFound } from './standing.ts'
import type { Typist } from './typing.ts'

export type TypingAsked = Omit<Typist, 'tenantId'> & { readonly typing: boolean }

/** @throws FanfareError `not_found`, `forbidden`, `unavailable` */
export const type = async (chat: Chat, { roomId, userId, typing }: TypingAsked): Promise<void> => {
  const { tenantId } = chat
  checkRoomId(roomId)
  if (typeof typing !== 'boolean') throw new FanfareError('invalid_payload', 'typing is true or false.')
  const role = await chat.roles.of(tenantId, roomId, userId)
  if (role === undefined) throw roomNotFound()
  mayWrite({ role })
  const typist = { tenantId, roomId, userId }
  await (typing ? chat.typing.started(typist) : chat.typing.stopped(typist))
}
