/** The shapes of chat as they go over the wire. Times are ISO 8601, UTC. */
import type { Json } from './json.ts'

/** Owners and moderators may edit members and delete what others said; an observer reads only. */
export type ChatRole = 'owner' | 'moderator' | 'member' | 'observer'

/** A reference to a file that is elsewhere; `size` in bytes, `type` a media type. */
export type Attachment = {
  readonly name: string
  readonly url: string
  readonly type: string
  readonly size: number
}

export type ChatMessage = {
  readonly id: string
  readonly roomId: string
  /** 1 for the first message of the room, rising by 1: what unread counts are made of. */
  readonly number: number
  /** Of the event that told of it: a cursor in the room, in the log and in the store alike. */
  readonly offset: number
  readonly userId: string
  /** Empty once it is deleted. Plain text: whoever shows it as HTML escapes it. */
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** User ids. */
  readonly mentions: readonly string[]
  /** The id of the message that this answers. */
  readonly replyTo?: string
  /** Reaction → users; of many users the first 20, with `more` for how many are left out. */
  readonly reactions: { readonly [reaction: string]: { readonly users: readonly string[]; readonly more: number } }
  /** The application's own. */
  readonly data?: Json
  readonly createdAt: string
  readonly editedAt?: string
  readonly deletedAt?: string
}

/** What a sender says: text, attachments or both. With the same `key` again (of the same user, in the same room) the first message is the answer. */
export type NewMessage = {
  readonly roomId: string
  readonly text: string
  readonly attachments?: readonly Attachment[]
  readonly mentions?: readonly string[]
  readonly replyTo?: string
  readonly data?: Json
  readonly key?: string
}

export type SentMessage = { readonly message: ChatMessage; readonly duplicate: boolean }

export type ChatRoom = {
  readonly id: string
  readonly title: string
  readonly data?: Json
  readonly createdAt: string
  /** Of the newest message; 0 when there is none. */
  readonly lastNumber: number
  readonly members: number
  /** How receipts are told: of each member, or in a large room only how many there are. */
  readonly receipts: 'members' | 'counts'
}

/**
 * How far a member is: numbers of messages. Absent where the member keeps receipts private. Who sends a message has read up
 * to it; no receipt of its own says so.
 */
export type Receipt = { readonly userId: string; readonly delivered: number; readonly read: number }

/** How many members have the message of this number, and how many have read it; of those who show receipts. */
export type ReceiptCount = { readonly number: number; readonly delivered: number; readonly read: number }

/** By member, or of the messages of a page by number. */
export type Receipts =
  | { readonly kind: 'members'; readonly receipts: readonly Receipt[] }
  | { readonly kind: 'counts'; readonly counts: readonly ReceiptCount[] }

export type ChatMember = {
  readonly userId: string
  readonly role: ChatRole
  readonly joinedAt: string
  readonly receipt?: Receipt
}

/** A room as one user sees it in a list. `unread` is `lastNumber` less the number up to which the user has read. */
export type ChatRoomSummary = ChatRoom & {
  readonly role: ChatRole
  readonly read: number
  readonly unread: number
  readonly lastMessage?: ChatMessage
}

/** What `chats:<userId>` says of a room: absolute, the newest word counts. */
export type ChatActivity = {
  readonly roomId: string
  readonly lastNumber: number
  readonly read: number
  readonly unread: number
}

/** In order of user id. `after` goes into the next request; absent at the end. */
export type MemberPage = { readonly members: readonly ChatMember[]; readonly after?: string }

/** Oldest first, whichever way it was read. `before` and `after` go into the next request; absent at that end. */
export type MessagePage = {
  readonly roomId: string
  readonly epoch: string
  readonly messages: readonly ChatMessage[]
  readonly receipts: Receipts
  readonly before?: number
  readonly after?: number
}
