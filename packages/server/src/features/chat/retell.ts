/** Publishes what became of a message, and notes where its text stands in the journal: all that is to go when it is deleted. */
import { type ChatMessage, FanfareError } from '@fanfare/protocol'
import type { Change } from '../../store/store.ts'
import { chatRoom } from './names.ts'

export type Retelling = {
  readonly type: 'message.edited' | 'message.reacted'
  readonly message: ChatMessage
  readonly userId: string
  /** How often a message may have been told again before it is too often. */
  readonly most: number
}

/** @throws FanfareError `too_large` where the message was told again too often: each time is kept */
export const retell = async (change: Change, { type, message, userId, most }: Retelling): Promise<void> => {
  const { times } = await change.rows
    .selectFrom('chat_retelling')
    .select(({ fn }) => fn.countAll<number>().as('times'))
    .where('message_id', '=', message.id)
    .executeTakeFirstOrThrow()
  if (Number(times) >= most) {
    throw new FanfareError('too_large', `A message takes ${most} edits and reactions; send another.`)
  }
  const [event] = await change.publish([{ room: chatRoom(message.roomId), type, userId, data: { message } }])
  await change.rows
    .insertInto('chat_retelling')
    .values({ message_id: message.id, event_offset: event!.offset })
    .execute()
}

/** Offsets of one query. */
const atOnce = 500

/** In place of the message stands what is left of it, in every event that told of it. */
export const redactMessage = async (change: Change, message: ChatMessage): Promise<void> => {
  const { id, roomId, offset } = message
  const retold = await change.rows
    .deleteFrom('chat_retelling')
    .where('message_id', '=', id)
    .returning('event_offset')
    .execute()
  const offsets = [offset, ...retold.map(({ event_offset }) => event_offset)]
  for (let begin = 0; begin < offsets.length; begin += atOnce) {
    await change.redact({
      room: chatRoom(roomId),
      offsets: offsets.slice(begin, begin + atOnce),
      data: () => ({ message }),
    })
  }
}
