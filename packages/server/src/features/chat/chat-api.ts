/** What the application's own code can do with chat: `context.chat`. Shapes, and where they are merged into the application's types. */
import type {
  ChatMember,
  ChatMessage,
  ChatRole,
  ChatRoom,
  ChatRoomSummary,
  Json,
  MemberPage,
  MessagePage,
  NewMessage,
  Receipt,
  Receipts,
  SentMessage,
} from '@fanfare/protocol'
import type { Duration } from '../../app/duration.ts'
import type { User } from '../../model/identity.ts'

export type ChatOptions = {
  /** Who may make a room, besides the application and servers. @default nobody */
  readonly create?: (asked: { readonly user: User }) => boolean | Promise<boolean>
  /** Asked besides membership, for every verb of a user. @default members alone decide */
  readonly may?: (asked: {
    readonly user: User
    readonly roomId: string
    readonly action: 'read' | 'send' | 'moderate'
  }) => boolean | Promise<boolean>
  /** Characters of a text. @default 8000 */
  readonly textLength?: number
  /** Members of a room. @default 1000 */
  readonly members?: number
  /** Users mentioned in one message. @default 50 */
  readonly mentions?: number
  /** Attachments of one message. @default 10 */
  readonly attachments?: number
  /** How long after sending its author may edit or delete it; a moderator always may delete. @default '24h' */
  readonly editable?: Duration
  /** In rooms with more members than this, receipts are told as counts. @default 100 */
  readonly receiptsUpTo?: number
  /** How long somebody is typing who says nothing more. @default '5s' */
  readonly typing?: Duration
  /** How long events stay in the journal for those who were away. @default 'forever' */
  readonly archive?: Duration | 'forever'
}

export type NewRoom = {
  /** The same id again gives the room as it is. @default a new one */
  readonly id?: string
  readonly title?: string
  readonly data?: Json
  readonly members: readonly NewMember[]
}

/** `role` is `member` where it is not given; of somebody who is there already it then stays as it is. */
export type NewMember = { readonly userId: string; readonly role?: ChatRole }

/** On whose behalf: an owner or a moderator. Absent: the application itself, which may. */
export type Behalf = { readonly by?: string }

/** One way or the other, from a cursor: the `offset` of a message or of any event of the room. Neither: the newest page. */
export type PageRequest = { readonly before?: number; readonly after?: number; readonly limit?: number }

/** How a user finds a room when opening it: all of one moment. */
export type OpenRoom = {
  readonly room: ChatRoom
  /** The first 100, in order of user id; the rest by `members`. */
  readonly members: readonly ChatMember[]
  readonly receipts: Receipts
  readonly page: MessagePage
  readonly unread: number
  /** Subscribe to `chat:<id>` since here, and nothing between is missed. */
  readonly position: { readonly epoch: string; readonly offset: number }
}

/**
 * Every verb that names a `userId` acts as that member, with the rights of their role; a user's own commands come through the
 * same. @throws FanfareError `not_found` (no such room, or not for this user: nobody learns which), `forbidden`, `invalid_payload`, `too_large`, `unavailable`
 */
export type ChatApi = {
  createRoom(room: NewRoom): Promise<ChatRoom>
  room(roomId: string): Promise<ChatRoom | undefined>
  /** What is not given stays. */
  updateRoom(
    room: { readonly id: string; readonly title?: string; readonly data?: Json },
    behalf?: Behalf,
  ): Promise<ChatRoom>
  /** Adds, or changes the role of those who are there. Who comes later has nothing unread of what was said before. */
  putMembers(roomId: string, members: readonly NewMember[], behalf?: Behalf): Promise<ChatRoom>
  /** Ends their subscriptions too. Nobody there of this id: nothing happens. */
  removeMember(roomId: string, userId: string, behalf?: Behalf): Promise<void>
  members(
    roomId: string,
    page?: { readonly after?: string; readonly limit?: number; readonly userId?: string },
  ): Promise<MemberPage>
  /** What the user is there; undefined for who is no member, and where there is no room. */
  role(roomId: string, userId: string): Promise<ChatRole | undefined>
  send(message: NewMessage & { readonly userId: string }): Promise<SentMessage>
  edit(edit: {
    readonly roomId: string
    readonly id: string
    readonly userId: string
    readonly text: string
  }): Promise<ChatMessage>
  delete(asked: { readonly roomId: string; readonly id: string; readonly userId: string }): Promise<ChatMessage>
  /** Adds, or takes back. Either again changes nothing. */
  react(asked: {
    readonly roomId: string
    readonly id: string
    readonly userId: string
    readonly reaction: string
    readonly remove?: true
  }): Promise<ChatMessage>
  open(roomId: string, userId: string, options?: { readonly limit?: number }): Promise<OpenRoom>
  messages(roomId: string, userId: string, page?: PageRequest): Promise<MessagePage>
  /** Up to this message, by number; never backwards. */
  delivered(roomId: string, userId: string, number: number): Promise<Receipt>
  read(roomId: string, userId: string, number: number): Promise<Receipt>
  typing(roomId: string, userId: string, typing: boolean): Promise<void>
  /** The user's rooms, the one that spoke last first. */
  rooms(
    userId: string,
    page?: { readonly before?: string; readonly limit?: number },
  ): Promise<{ readonly rooms: readonly ChatRoomSummary[]; readonly before?: string }>
  /** Whether others see how far the user has read, in every room. */
  showReceipts(userId: string, shown: boolean): Promise<void>
}

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly chat?: ChatOptions | false
  }
  interface FeatureApis {
    readonly chat: ChatApi
  }
}
