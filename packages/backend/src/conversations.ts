/** Chat and inbox, as the tenant's server itself or on behalf of a user whom it names. */
import type { ChatRole, ChatRoom, Json, MessagePage, NewMessage, NewNotification, SentMessage } from '@fanfare/protocol'
import { type Call, part } from './call.ts'
import { newKey } from './events.ts'
import type { CallOptions } from './options.ts'

/** `role` is `member` where it is not given; of somebody who is there already it then stays as it is. */
export type NewMember = { readonly userId: string; readonly role?: ChatRole }

export type NewChatRoom = {
  /** The same id again gives the room as it is. @default a new one */
  readonly id?: string
  readonly title?: string
  readonly data?: Json
  readonly members: readonly NewMember[]
}

/** Cursors are `before` and `after` of the page before; neither gives the newest page. */
export type MessagesRequest = CallOptions & {
  /** As whom it is read: a member of the room. */
  readonly userId: string
  readonly before?: number
  readonly after?: number
  readonly limit?: number
}

/** Each @throws FanfareError */
export type Conversations = {
  createRoom(room: NewChatRoom, options?: CallOptions): Promise<ChatRoom>
  /** Adds members, or changes the roles of those who are there. */
  putMembers(roomId: string, members: readonly NewMember[], options?: CallOptions): Promise<ChatRoom>
  /** Ends their subscriptions too. */
  removeMember(roomId: string, userId: string, options?: CallOptions): Promise<void>
  /** As the user, who must be a member. With the same `key` again the first message is the answer. */
  sendMessage(message: NewMessage & { readonly userId: string }, options?: CallOptions): Promise<SentMessage>
  messages(roomId: string, request: MessagesRequest): Promise<MessagePage>
  /** With the same keys again nobody is notified twice. Resolves, once they are kept, with how many users that were. */
  notify(
    notifications: NewNotification | readonly NewNotification[],
    options?: CallOptions,
  ): Promise<{ readonly notified: number }>
}

const roomPath = (roomId: string): string => `/v1/chat/rooms/${part(roomId)}`

export const createConversations = (call: Call): Conversations => {
  const ask = async <Answer>(...asked: Parameters<Call>) => (await call(...asked)) as unknown as Answer
  return {
    createRoom: ({ id = newKey(), ...room }, options) =>
      ask<ChatRoom>({ method: 'POST', path: '/v1/chat/rooms', body: { id, ...room } }, options),
    putMembers: (roomId, members, options) =>
      ask<ChatRoom>({ method: 'PUT', path: `${roomPath(roomId)}/members`, body: { members } }, options),
    async removeMember(roomId, userId, options) {
      await call({ method: 'DELETE', path: `${roomPath(roomId)}/members/${part(userId)}` }, options)
    },
    sendMessage: ({ roomId, key = newKey(), ...message }, options) =>
      ask<SentMessage>({ method: 'POST', path: `${roomPath(roomId)}/messages`, body: { ...message, key } }, options),
    messages: (roomId, { userId, before, after, limit, ...options }) =>
      ask<MessagePage>(
        { method: 'GET', path: `${roomPath(roomId)}/messages`, query: { userId, before, after, limit } },
        options,
      ),
    notify(notifications, options) {
      const given = Array.isArray(notifications)
        ? (notifications as readonly NewNotification[])
        : [notifications as NewNotification]
      const keyed = given.map((notification) => ({ ...notification, key: notification.key ?? newKey() }))
      return ask({ method: 'POST', path: '/v1/notifications', body: { notifications: keyed } }, options)
    },
  }
}
