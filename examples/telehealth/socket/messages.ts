/** What the clinic's clients say about messages: send, change, mark as read, type, and read back. */
import type { SocketContext } from '@fanfare/server'
import { z } from 'zod'
import { visitRoom } from '../visits.ts'
import { answeredIn } from './answer.ts'
import { toldMessage } from './words.ts'

const Id = z.string().min(1).max(128)
const Visit = z.object({ visitId: Id })
const Attachment = z.object({ name: z.string(), url: z.string(), type: z.string(), size: z.number() })
const NewMessage = Visit.extend({
  message: z.string(),
  /** The client's own: sent again with it, a message has one effect. */
  clientMessageId: Id.exactOptional(),
  replyTo: Id.exactOptional(),
  attachments: z.array(Attachment).exactOptional(),
  mentions: z.array(Id).exactOptional(),
})
const OneMessage = Visit.extend({ messageId: Id })
/** Up to this message, by its number. Without it: all that there are. */
const UpTo = Visit.extend({ number: z.int().nonnegative().exactOptional() })
const Page = Visit.extend({
  before: z.int().positive().exactOptional(),
  after: z.int().nonnegative().exactOptional(),
  limit: z.int().min(1).max(100).exactOptional(),
})

/** A client that speaks in a visit hears it too. */
const mustHear = async (socket: SocketContext, visitId: string): Promise<void> => {
  if (!socket.rooms.includes(visitRoom(visitId))) await socket.join(visitRoom(visitId))
}

const send = answeredIn('send', NewMessage, async (socket, { visitId, message, clientMessageId, ...rest }) => {
  await mustHear(socket, visitId)
  const key = clientMessageId === undefined ? {} : { key: clientMessageId }
  const sender = { roomId: visitId, userId: socket.user.id }
  const sent = await socket.chat.send({ ...sender, text: message, ...rest, ...key })
  const told = { ...toldMessage(sent.message), ...(clientMessageId === undefined ? {} : { clientMessageId }) }
  socket.emit('message:sent', told)
  return { messageId: sent.message.id, duplicate: sent.duplicate, data: told }
})

const edit = answeredIn('send', OneMessage.extend({ message: z.string() }), async ({ chat, user }, input) => {
  const { visitId: roomId, messageId: id, message: text } = input
  return { data: toldMessage(await chat.edit({ roomId, id, userId: user.id, text })) }
})

const remove = answeredIn('send', OneMessage, async ({ chat, user }, { visitId: roomId, messageId: id }) => ({
  data: toldMessage(await chat.delete({ roomId, id, userId: user.id })),
}))

const Reaction = OneMessage.extend({ reaction: z.string(), remove: z.boolean().default(false) })
const react = answeredIn(
  'send',
  Reaction,
  async ({ chat, user }, { visitId: roomId, messageId: id, reaction, remove: away }) => ({
    data: toldMessage(
      await chat.react({ roomId, id, userId: user.id, reaction, ...(away ? { remove: true as const } : {}) }),
    ),
  }),
)

/** @throws FanfareError `not_found` */
const numberOf = async ({ chat }: SocketContext, { visitId, number }: z.infer<typeof UpTo>): Promise<number> =>
  number ?? (await chat.room(visitId))?.lastNumber ?? 0

const read = answeredIn('read', UpTo, async (socket, input) => ({
  receipt: await socket.chat.read(input.visitId, socket.user.id, await numberOf(socket, input)),
}))

const delivered = answeredIn('read', UpTo, async (socket, input) => ({
  receipt: await socket.chat.delivered(input.visitId, socket.user.id, await numberOf(socket, input)),
}))

const history = answeredIn('read', Page, async ({ chat, user }, { visitId, ...asked }) => {
  const { messages, roomId: _, epoch: __, receipts: ___, ...cursors } = await chat.messages(visitId, user.id, asked)
  return { visitId, messages: messages.map(toldMessage), ...cursors }
})

const typing = (isTyping: boolean) =>
  answeredIn('send', Visit, async ({ chat, user }, { visitId }) => {
    await chat.typing(visitId, user.id, isTyping)
    return undefined
  })

export const messageEvents = {
  'message:send': send,
  'message:edit': edit,
  'message:delete': remove,
  'message:react': react,
  'message:read': read,
  'message:delivered': delivered,
  'message:history': history,
  'typing:start': typing(true),
  'typing:stop': typing(false),
}
