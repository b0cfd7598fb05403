/** Rows as what goes over the wire, and bodies as what stands in rows. Pure but for the sealer that it is given. */
import type { Attachment, ChatMember, ChatMessage, ChatRoom, Json } from '@fanfare/protocol'
import type { Selectable } from 'kysely'
import type { Sealer } from '../../store/store.ts'
import type { ChatLimits } from './options.ts'
import { aboutBody, type ChatMemberTable, type ChatMessageTable, type ChatRoomTable } from './tables.ts'

export type RoomRow = Omit<Selectable<ChatRoomTable>, 'tenant_id'>
export type MemberRow = Omit<Selectable<ChatMemberTable>, 'tenant_id'>
export type MessageRow = Omit<Selectable<ChatMessageTable>, 'tenant_id'>

/** What a message says: sealed as one text. */
export type Body = { readonly text: string; readonly attachments: readonly Attachment[]; readonly data?: Json }

export const sealBody = (sealer: Sealer, id: string, body: Body): Pick<MessageRow, 'body' | 'body_key'> => {
  const { text, keyId } = sealer.seal(JSON.stringify(body), aboutBody(id))
  return { body: text, body_key: keyId }
}

/** @throws FanfareError `internal` when the key is not there, or the row was changed */
export const openBody = (sealer: Sealer, row: MessageRow): Body =>
  row.deleted_at === null
    ? (JSON.parse(sealer.open({ text: row.body, keyId: row.body_key }, aboutBody(row.id))) as Body)
    : { text: '', attachments: [] }

/** A room's id has no such mark, so no two pairs share a text. */
export const placeOf = (roomId: string, userId: string): string => `${roomId}|${userId}`

/** One text for the key of a user in a room. */
export const sendKeyOf = (roomId: string, userId: string, key: string): string =>
  `${roomId}|${userId.length}:${userId}|${key}`

const timeOf = (ms: number): string => new Date(ms).toISOString()

export const noReactions: ChatMessage['reactions'] = Object.freeze({})

export const messageOf = (row: MessageRow, body: Body, reactions: ChatMessage['reactions']): ChatMessage => ({
  id: row.id,
  roomId: row.room_id,
  number: row.number,
  offset: row.event_offset,
  userId: row.user_id,
  text: body.text,
  attachments: body.attachments,
  mentions: JSON.parse(row.mentions) as readonly string[],
  ...(row.reply_to === null ? {} : { replyTo: row.reply_to }),
  reactions,
  ...(body.data === undefined ? {} : { data: body.data }),
  createdAt: timeOf(row.created_at),
  ...(row.edited_at === null ? {} : { editedAt: timeOf(row.edited_at) }),
  ...(row.deleted_at === null ? {} : { deletedAt: timeOf(row.deleted_at) }),
})

export const roomOf = (row: RoomRow, { receiptsUpTo }: Pick<ChatLimits, 'receiptsUpTo'>): ChatRoom => ({
  id: row.id,
  title: row.title,
  ...(row.data === null ? {} : { data: JSON.parse(row.data) as Json }),
  createdAt: timeOf(row.created_at),
  lastNumber: row.last_number,
  members: row.members,
  receipts: row.members > receiptsUpTo ? 'counts' : 'members',
})

/** @property shown whether the member's receipt may be told */
export const memberOf = (
  row: Pick<MemberRow, 'user_id' | 'role' | 'joined_at' | 'delivered_number' | 'read_number'>,
  { shown }: { readonly shown: boolean },
): ChatMember => ({
  userId: row.user_id,
  role: row.role,
  joinedAt: timeOf(row.joined_at),
  ...(shown ? { receipt: { userId: row.user_id, delivered: row.delivered_number, read: row.read_number } } : {}),
})
