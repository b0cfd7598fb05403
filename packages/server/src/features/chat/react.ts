/** Adds a user's reaction to a message, or takes it back. */
import { type ChatMessage, FanfareError } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'
import { checkReaction, checkRoomId } from './check.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { readMessage } from './reactions.ts'
import { retell } from './retell.ts'
import { lockStanding, mayWrite, messageIn } from './standing.ts'

export type Reacting = {
  readonly roomId: string
  readonly id: string
  readonly userId: string
  readonly reaction: string
  readonly remove?: boolean
}

type Row = { readonly message_id: string; readonly reaction: string; readonly user_id: string }

/** Either again changes nothing. @throws FanfareError `not_found`, `forbidden`, `invalid_payload`, `too_large`, `unavailable` */
export const react = async (chat: Chat, asked: Reacting): Promise<ChatMessage> => {
  const { services, store } = chat
  const { roomId, id, userId } = asked
  checkRoomId(roomId)
  const reaction = checkReaction(asked.reaction)
  const sealer = await store.sealer()
  return store.change(async (change) => {
    const { rows } = change
    const { member } = await lockStanding(change, services.store.kind, { roomId, userId })
    const row = await messageIn(rows, roomId, id)
    mayWrite(member)
    if (row.deleted_at !== null) throw new FanfareError('not_found', 'The message was deleted.')
    const own = { message_id: id, reaction, user_id: userId }
    const changed = asked.remove === true ? await takeBack(rows, own) : await add(rows, own, services.clock.now())
    const message = await readMessage(rows, row, sealer)
    // What is taken back was added once, so that it needs no bound of its own.
    const most = asked.remove === true ? Number.POSITIVE_INFINITY : bounds.changes
    if (changed) await retell(change, { type: 'message.reacted', message, userId, most })
    return message
  })
}

const takeBack = async (rows: Rows, own: Row): Promise<boolean> => {
  const gone = await rows
    .deleteFrom('chat_reaction')
    .where('message_id', '=', own.message_id)
    .where('reaction', '=', own.reaction)
    .where('user_id', '=', own.user_id)
    .returning('user_id')
    .execute()
  return gone.length > 0
}

const add = async (rows: Rows, own: Row, now: number): Promise<boolean> => {
  const kinds = await rows
    .selectFrom('chat_reaction')
    .select('reaction')
    .distinct()
    .where('message_id', '=', own.message_id)
    .execute()
  if (kinds.length >= bounds.reactions && kinds.every(({ reaction }) => reaction !== own.reaction)) {
    throw new FanfareError(
      'too_large',
      `A message takes ${bounds.reactions} different reactions; use one that is there.`,
    )
  }
  const added = await rows
    .insertInto('chat_reaction')
    .values({ ...own, reacted_at: now })
    .onConflict((conflict) => conflict.columns(['message_id', 'reaction', 'user_id']).doNothing())
    .returning('user_id')
    .execute()
  return added.length > 0
}
