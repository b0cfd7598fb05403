/** What the application's own code can do with chat: `context.chat`. Shapes, and where they are merged into the application's types. */
import type {
  ChatActivity,
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
  ReceiptCount,
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

export type RoomsRequest = { readonly before?: string; readonly limit?: number }

/** `before` goes into the next request; absent at the end. */
export type RoomPage = { readonly rooms: readonly ChatRoomSummary[]; readonly before?: string }

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
    readonly remove?: boolean
  }): Promise<ChatMessage>
  open(roomId: string, userId: string, options?: { readonly limit?: number }): Promise<OpenRoom>
  messages(roomId: string, userId: string, page?: PageRequest): Promise<MessagePage>
  /** Up to this message, by number; never backwards. */
  delivered(roomId: string, userId: string, number: number): Promise<Receipt>
  read(roomId: string, userId: string, number: number): Promise<Receipt>
  typing(roomId: string, userId: string, typing: boolean): Promise<void>
  /** The user's rooms, the one that spoke last first. */
  rooms(userId: string, page?: RoomsRequest): Promise<RoomPage>
  /** Whether others see how far the user has read, in every room. */
  showReceipts(userId: string, shown: boolean): Promise<void>
  /** The user's subscriptions, on every node, end where they may no longer read: what follows from `member.left`. */
  reweigh(userId: string): Promise<void>
}

/** As a sender gives it and as a receiver gets it. */
type Said<Data> = { readonly input: Data; readonly output: Data }
type Asked<Input, Output> = { readonly input: Input; readonly output: Output }
type InRoom = { readonly roomId: string }
type OneMessage = InRoom & { readonly id: string }

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly chat?: ChatOptions | false
  }
  interface FeatureApis {
    readonly chat: ChatApi
  }
  interface FeatureRooms {
    readonly 'chat:{roomId}': {
      readonly 'message.created': Said<{ readonly message: ChatMessage }>
      readonly 'message.edited': Said<{ readonly message: ChatMessage }>
      readonly 'message.deleted': Said<{ readonly message: ChatMessage }>
      readonly 'message.reacted': Said<{ readonly message: ChatMessage }>
      readonly 'room.updated': Said<{ readonly room: ChatRoom }>
      readonly 'member.joined': Said<{ readonly member: ChatMember }>
      readonly 'member.updated': Said<{ readonly member: ChatMember }>
      readonly 'member.left': Said<{ readonly userId: string }>
    }
    readonly 'chat:{roomId}:receipts': { readonly 'receipt.updated': Said<Receipt | ReceiptCount> }
    readonly 'chat:{roomId}:typing': {
      /** For so many ms, unless they say more, stop, or send. */
      readonly 'typing.started': Said<{ readonly userId: string; readonly forMs: number }>
      readonly 'typing.stopped': Said<{ readonly userId: string }>
    }
    readonly 'chats:{userId}': {
      readonly 'chat.activity': Said<ChatActivity>
      readonly 'chat.added': Said<{ readonly roomId: string; readonly role: ChatRole }>
      readonly 'chat.removed': Said<{ readonly roomId: string }>
    }
  }
  interface FeatureCommands {
    readonly 'chat:create': Asked<NewRoom, ChatRoom>
    readonly 'chat:update': Asked<InRoom & { readonly title?: string; readonly data?: Json }, ChatRoom>
    readonly 'chat:list': Asked<RoomsRequest, RoomPage>
    readonly 'chat:open': Asked<InRoom & { readonly limit?: number }, OpenRoom>
    readonly 'chat:messages': Asked<InRoom & PageRequest, MessagePage>
    readonly 'chat:members': Asked<InRoom & { readonly after?: string; readonly limit?: number }, MemberPage>
    readonly 'chat:privacy': Asked<{ readonly shown: boolean }, null>
    readonly 'member:put': Asked<InRoom & { readonly members: readonly NewMember[] }, ChatRoom>
    readonly 'member:remove': Asked<InRoom & { readonly userId: string }, null>
    readonly 'message:send': Asked<NewMessage, SentMessage>
    readonly 'message:edit': Asked<OneMessage & { readonly text: string }, ChatMessage>
    readonly 'message:delete': Asked<OneMessage, ChatMessage>
    readonly 'message:react': Asked<OneMessage & { readonly reaction: string; readonly remove?: boolean }, ChatMessage>
    readonly 'message:delivered': Asked<InRoom & { readonly number: number }, Receipt>
    readonly 'message:read': Asked<InRoom & { readonly number: number }, Receipt>
    readonly 'typing:start': Asked<InRoom, null>
    readonly 'typing:stop': Asked<InRoom, null>
  }
}
