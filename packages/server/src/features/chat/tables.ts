/** The tables of chat. Bodies of messages may be sealed; numbers, times, names of users and of rooms are not. */
import type { ChatRole } from '@fanfare/protocol'
import type { OfTenant, Schema } from '../../store/tables.ts'

export type ChatRoomTable = OfTenant & {
  readonly id: string
  readonly title: string
  /** JSON. */
  readonly data: string | null
  readonly created_at: number
  /** Of the newest message: also how many there were ever. */
  readonly last_number: number
  /** Where the newest message stands in the room's log. */
  readonly last_offset: number
  /** When the newest message came, or else when the room was made. */
  readonly active_at: number
  readonly members: number
}

/** `place` is room and user in one text, so that members of many rooms are found by one list of values. */
export type ChatMemberTable = OfTenant & {
  readonly place: string
  readonly room_id: string
  readonly user_id: string
  readonly role: ChatRole
  readonly joined_at: number
  readonly delivered_number: number
  readonly read_number: number
}

/** Users who do not show how far they have read. */
export type ChatPrivateTable = OfTenant & { readonly user_id: string }

export type ChatMessageTable = OfTenant & {
  readonly id: string
  readonly room_id: string
  readonly number: number
  readonly event_offset: number
  readonly user_id: string
  /** JSON of text, attachments and data, sealed where `body_key` is there; empty once the message is deleted. */
  readonly body: string
  readonly body_key: string | null
  /** JSON. */
  readonly mentions: string
  readonly reply_to: string | null
  /** The sender's key, with room and user: unique for as long as the message is there. */
  readonly send_key: string | null
  readonly created_at: number
  readonly edited_at: number | null
  readonly deleted_at: number | null
}

/** Later events that told a message's text again: where to take it out of the journal when it is deleted. */
export type ChatRetellingTable = OfTenant & { readonly message_id: string; readonly event_offset: number }

export type ChatReactionTable = OfTenant & {
  readonly message_id: string
  readonly reaction: string
  readonly user_id: string
  readonly reacted_at: number
}

declare module '../../store/tables.ts' {
  interface Tables {
    readonly chat_room: ChatRoomTable
    readonly chat_member: ChatMemberTable
    readonly chat_private: ChatPrivateTable
    readonly chat_message: ChatMessageTable
    readonly chat_retelling: ChatRetellingTable
    readonly chat_reaction: ChatReactionTable
  }
}

/** What a message's body is sealed as. */
export const aboutBody = (id: string): string => `chat_message|${id}`

export const chatSchema: Schema = {
  owner: 'chat',
  tables: ['chat_room', 'chat_member', 'chat_private', 'chat_message', 'chat_retelling', 'chat_reaction'],
  sealed: [
    { table: 'chat_message', text: 'body', keyId: 'body_key', key: ['id'], about: ({ id }) => aboutBody(String(id)) },
  ],
  migrations: [
    {
      name: '0001-rooms-and-messages',
      statements: [
        `CREATE TABLE chat_room (
          tenant_id TEXT NOT NULL,
          id TEXT NOT NULL,
          title TEXT NOT NULL,
          data TEXT,
          created_at BIGINT NOT NULL,
          last_number BIGINT NOT NULL,
          last_offset BIGINT NOT NULL,
          active_at BIGINT NOT NULL,
          members BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, id)
        )`,
        `CREATE TABLE chat_member (
          tenant_id TEXT NOT NULL,
          place TEXT NOT NULL,
          room_id TEXT NOT NULL,
          user_id TEXT NOT NULL,
          role TEXT NOT NULL,
          joined_at BIGINT NOT NULL,
          delivered_number BIGINT NOT NULL,
          read_number BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, place)
        )`,
        'CREATE INDEX chat_member_by_room ON chat_member (tenant_id, room_id, user_id)',
        'CREATE INDEX chat_member_by_user ON chat_member (tenant_id, user_id, room_id)',
        `CREATE TABLE chat_private (
          tenant_id TEXT NOT NULL,
          user_id TEXT NOT NULL,
          PRIMARY KEY (tenant_id, user_id)
        )`,
        `CREATE TABLE chat_message (
          tenant_id TEXT NOT NULL,
          id TEXT NOT NULL,
          room_id TEXT NOT NULL,
          number BIGINT NOT NULL,
          event_offset BIGINT NOT NULL,
          user_id TEXT NOT NULL,
          body TEXT NOT NULL,
          body_key TEXT,
          mentions TEXT NOT NULL,
          reply_to TEXT,
          send_key TEXT,
          created_at BIGINT NOT NULL,
          edited_at BIGINT,
          deleted_at BIGINT,
          PRIMARY KEY (tenant_id, id)
        )`,
        // Numbers rise with offsets: one index serves both, and each costs every message a page of the disk.
        'CREATE UNIQUE INDEX chat_message_by_offset ON chat_message (tenant_id, room_id, event_offset)',
        'CREATE UNIQUE INDEX chat_message_by_key ON chat_message (tenant_id, send_key) WHERE send_key IS NOT NULL',
        `CREATE TABLE chat_retelling (
          tenant_id TEXT NOT NULL,
          message_id TEXT NOT NULL,
          event_offset BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, message_id, event_offset)
        )`,
        `CREATE TABLE chat_reaction (
          tenant_id TEXT NOT NULL,
          message_id TEXT NOT NULL,
          reaction TEXT NOT NULL,
          user_id TEXT NOT NULL,
          reacted_at BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, message_id, reaction, user_id)
        )`,
      ],
    },
  ],
}
