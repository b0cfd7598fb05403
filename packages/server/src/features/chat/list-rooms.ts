/** The rooms of a user, with the last message of each and how many are unread: two queries, however many rooms. */
import { type ChatMessage, type ChatRoomSummary, FanfareError } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'
import type { RoomPage, RoomsRequest } from './chat-api.ts'
import { checkLimit } from './check.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { readMessages } from './reactions.ts'
import { type MessageRow, roomOf } from './rows.ts'

export type RoomsAsked = RoomsRequest & { readonly userId: string }

/** @throws FanfareError `invalid_payload`, `unavailable` */
export const listRooms = async (chat: Chat, asked: RoomsAsked): Promise<RoomPage> => {
  const limit = checkLimit(asked.limit, bounds.roomsPage)
  const before = asked.before === undefined ? undefined : readCursor(asked.before)
  const sealer = await chat.store.sealer()
  return chat.store.read(async (rows) => {
    const found = await readRooms(rows, { userId: asked.userId, before, limit: limit + 1 })
    const page = found.slice(0, limit)
    const lastRows = await readLast(
      rows,
      page.map(({ id }) => id),
    )
    const last = new Map((await readMessages(rows, lastRows, sealer)).map((message) => [message.roomId, message]))
    const rooms = page.map((row) => summaryOf(chat, row, last.get(row.id)))
    const end = page.at(-1)
    return found.length > limit && end ? { rooms, before: `${end.active_at} ${end.id}` } : { rooms }
  })
}

type Cursor = { readonly at: number; readonly id: string }

const readCursor = (text: string): Cursor => {
  const [, at, id] = /^(\d{1,15}) (.+)$/.exec(text) ?? []
  if (at !== undefined && id !== undefined) return { at: Number(at), id }
  throw new FanfareError('invalid_payload', 'before is what the page before this one gave as such.')
}

const readRooms = (
  rows: Rows,
  { userId, before, limit }: { userId: string; before: Cursor | undefined; limit: number },
) =>
  rows
    .selectFrom('chat_member')
    .innerJoin('chat_room', 'chat_room.id', 'chat_member.room_id')
    .selectAll('chat_room')
    .select(['role', 'read_number'])
    .where('chat_member.user_id', '=', userId)
    .$if(before !== undefined, (query) =>
      query.where((eb) =>
        eb.or([
          eb('active_at', '<', before!.at),
          eb.and([eb('active_at', '=', before!.at), eb('chat_room.id', '<', before!.id)]),
        ]),
      ),
    )
    .orderBy('active_at', 'desc')
    .orderBy('chat_room.id', 'desc')
    .limit(limit)
    .execute()

const readLast = async (rows: Rows, ids: readonly string[]): Promise<readonly MessageRow[]> => {
  if (ids.length === 0) return []
  const found = await rows
    .selectFrom('chat_room')
    // An inner join SQLite turns round, and reads all messages of all of the rooms.
    .leftJoin('chat_message', (join) =>
      join
        .onRef('chat_message.room_id', '=', 'chat_room.id')
        .onRef('chat_message.event_offset', '=', 'chat_room.last_offset'),
    )
    .selectAll('chat_message')
    .where('chat_room.id', 'in', [...ids])
    .execute()
  return found.filter((row): row is typeof row & MessageRow => row.id !== null)
}

type Found = Awaited<ReturnType<typeof readRooms>>[number]

const summaryOf = ({ limits }: Chat, row: Found, lastMessage: ChatMessage | undefined): ChatRoomSummary => ({
  ...roomOf(row, limits),
  role: row.role,
  read: row.read_number,
  unread: row.last_number - row.read_number,
  ...(lastMessage === undefined ? {} : { lastMessage }),
})
