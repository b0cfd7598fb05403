/** Sends one message: checks it, seals it, and lets it go with whatever else is being sent in the tenant. */
import { FanfareError, type NewMessage, type SentMessage } from '@fanfare/protocol'
import { checkAttachments, checkData, checkKey, checkReplyTo, checkRoomId, checkText, checkUserId } from './check.ts'
import type { ChatLimits } from './options.ts'
import type { Chat } from './parts.ts'
import { type Body, sealBody, sendKeyOf } from './rows.ts'
import type { SendItem } from './send-batch.ts'

export type Sending = NewMessage & { readonly userId: string }

/** @throws FanfareError `not_found`, `forbidden`, `invalid_payload`, `too_large`, `bad_name`, `overloaded`, `unavailable` */
export const send = async (chat: Chat, message: Sending): Promise<SentMessage> => {
  const { services, store, tenantId } = chat
  const { roomId, userId } = message
  const checked = check(message, chat)
  const id = services.ids(services.clock.now())
  const sealer = await store.sealer()
  const item: SendItem = { ...checked, id, sealed: sealBody(sealer, id, checked.body), sealer }
  const result = await chat.sends.add(tenantId, item)
  if ('refused' in result) throw result.refused
  if (!result.sent.duplicate) {
    chat.activity.spoken(tenantId, roomId, result.members)
    chat.typing.sent({ tenantId, roomId, userId })
  }
  return result.sent
}

const check = (message: Sending, { limits, context }: Chat): Omit<SendItem, 'id' | 'sealed' | 'sealer'> => {
  const { roomId, userId, replyTo } = message
  checkRoomId(roomId)
  checkUserId(userId)
  const key = context.key(checkKey(message.key))
  const body = bodyOf(message, limits)
  return {
    roomId,
    userId,
    body,
    mentions: checkMentions(message.mentions ?? [], limits),
    replyTo: checkReplyTo(replyTo),
    sendKey: key === undefined ? undefined : sendKeyOf(roomId, userId, key),
  }
}

const bodyOf = ({ text, attachments = [], data }: Sending, limits: ChatLimits): Body => {
  const body = { text: checkText(text, limits), attachments: checkAttachments(attachments, limits) }
  const json = checkData(data)
  if (body.text.trim() === '' && attachments.length === 0 && json === null) {
    throw new FanfareError('invalid_payload', 'A message has a text, attachments or data.')
  }
  return data === undefined ? body : { ...body, data }
}

const checkMentions = (given: readonly string[], { mentions }: ChatLimits): readonly string[] => {
  if (given.length > mentions) {
    throw new FanfareError('too_large', `A message mentions at most ${mentions} users.`)
  }
  return [...new Set(given.map(checkUserId))]
}
