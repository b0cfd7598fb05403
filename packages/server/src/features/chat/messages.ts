/** A page of a room's messages, as they are now, from a cursor: the offset of any event of the room. */
import {
  type ChatMessage,
  FanfareError,
  type MessagePage,
  type Position,
  type Receipt,
  type Receipts,
} from '@fanfare/protocol'
import { positionOf } from '../../store/journal-read.ts'
import type { Rows, Sealer } from '../../store/store.ts'
import type { PageRequest } from './chat-api.ts'
import { checkCount, checkLimit, checkRoomId } from './check.ts'
import { chatRoom } from './names.ts'
import { receiptsFor } from './numbers.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { readMessages } from './reactions.ts'
import { roomOf } from './rows.ts'
import { type Standing, standingOf } from './standing.ts'

export type MessagesAsked = PageRequest & { readonly roomId: string; readonly userId: string }

/** @throws FanfareError `not_found`, `invalid_payload`, `unavailable` */
export const messages = async (chat: Chat, asked: MessagesAsked): Promise<MessagePage> => {
  const { roomId, userId } = asked
  checkRoomId(roomId)
  const request = checkPage(asked)
  const sealer = await chat.store.sealer()
  const { page } = await chat.store.read(async (rows) => {
    const standing = await standingOf(rows, roomId, userId)
    return readPage(rows, { chat, standing, sealer, request })
  })
  noteReading(chat, { roomId, userId, count: page.messages.length })
  return page
}

export type CheckedPage = { readonly before?: number; readonly after?: number; readonly limit: number }

/** @throws FanfareError `invalid_payload` */
export const checkPage = ({ before, after, limit }: PageRequest): CheckedPage => {
  if (before !== undefined && after !== undefined) {
    throw new FanfareError('invalid_payload', 'A page is before a cursor or after it, not both.')
  }
  return {
    limit: checkLimit(limit, bounds.messagesPage),
    ...(before === undefined ? {} : { before: checkCount(before, 'before') }),
    ...(after === undefined ? {} : { after: checkCount(after, 'after') }),
  }
}

type Reading = {
  readonly chat: Chat
  readonly standing: Standing
  readonly sealer: Sealer
  readonly request: CheckedPage
  /** Of the room's members, where they were read already and are all there. */
  readonly receipts?: readonly Receipt[]
}

export const readPage = async (
  rows: Rows,
  { chat, standing, sealer, request, receipts: known }: Reading,
): Promise<{ readonly page: MessagePage; readonly position: Position }> => {
  const { room, member } = standing
  const { before, after, limit } = request
  const forwards = after !== undefined
  const found = await rows
    .selectFrom('chat_message')
    .selectAll()
    .where('room_id', '=', room.id)
    .$if(before !== undefined, (query) => query.where('event_offset', '<', before!))
    .$if(forwards, (query) => query.where('event_offset', '>', after!))
    .orderBy('event_offset', forwards ? 'asc' : 'desc')
    .limit(limit + 1)
    .execute()
  const more = found.length > limit
  const kept = found.slice(0, limit)
  const shown = await readMessages(rows, forwards ? kept : kept.reverse(), sealer)
  const position = (await positionOf(rows, chatRoom(room.id))) ?? { epoch: '', offset: 0 }
  const { receipts: kind } = roomOf(room, chat.limits)
  const receipts: Receipts =
    kind === 'members' && known
      ? { kind, receipts: known }
      : await receiptsFor(
          rows,
          { roomId: room.id, numbers: shown.map(({ number }) => number) },
          { kind, userId: member.user_id },
        )
  const cursors = cursorsOf(shown, { request, more, lastNumber: room.last_number })
  return { page: { roomId: room.id, epoch: position.epoch, messages: shown, receipts, ...cursors }, position }
}

type Ends = { readonly request: CheckedPage; readonly more: boolean; readonly lastNumber: number }

/** Numbers have no hole: whether there is something on the side that was not read, they say. */
const cursorsOf = (
  page: readonly ChatMessage[],
  { request, more, lastNumber }: Ends,
): { readonly before?: number; readonly after?: number } => {
  const [first, last] = [page[0], page.at(-1)]
  if (!first || !last) return {}
  const earlier = request.after === undefined ? more : first.number > 1
  const later = request.after === undefined ? last.number < lastNumber : more
  return { ...(earlier ? { before: first.offset } : {}), ...(later ? { after: last.offset } : {}) }
}

/** Who read, where and how much; nobody waits for it. */
export const noteReading = (
  { services, tenantId, context }: Chat,
  { roomId, userId, count }: { readonly roomId: string; readonly userId: string; readonly count: number },
): void => {
  const actor = { kind: 'user', id: userId } as const
  services.audit
    .record({ tenantId, action: 'message.read', actor, subject: chatRoom(roomId), detail: { messages: count } }, 'soon')
    .catch((error: unknown) => context.log.error({ error, room: roomId }, 'a reading was not audited'))
}
