/**
 * Tables of the journal: the events of rooms as the store has them, where each room stands, and the epoch in which a tenant's
 * rooms begin. Only `store/journal*.ts` names them.
 */
import type { OfTenant, Schema } from './tables.ts'

/** One event. `at` never falls within a room, so that what is too old is always what comes first. */
export type JournalTable = OfTenant & {
  readonly room: string
  readonly offset: number
  readonly id: string
  readonly type: string
  readonly user_id: string | null
  /** JSON, sealed as `journal|<id>`. */
  readonly data: string
  readonly key_id: string | null
  /** ms since 1970. */
  readonly at: number
  /** Idempotency key. */
  readonly key: string | null
  /** How many reactions led to it. */
  readonly depth: number
}

export type JournalRoomTable = OfTenant & {
  readonly room: string
  /** Null only inside the change that appends the room's first event. */
  readonly epoch: string | null
  readonly top: number
  /** All up to here were handed to the engine, and reacted to. */
  readonly sent: number
  /** When the last event was appended. */
  readonly at: number
  /** Since when the event after `sent` has been waiting for whoever has it in hand; null when there is none. */
  readonly waiting_since: number | null
  /** When the oldest event becomes too old; null for never. */
  readonly due: number | null
}

/** The epoch of rooms that have no row yet. A tenant whose journal was erased is given another. */
export type JournalTenantTable = OfTenant & { readonly epoch: string }

declare module './tables.ts' {
  interface Tables {
    journal: JournalTable
    journal_room: JournalRoomTable
    journal_tenant: JournalTenantTable
  }
}

/** What a journal's data is sealed as. */
export const journalAbout = (id: string): string => `journal|${id}`

export const journalSchema: Schema = {
  owner: 'journal',
  tables: ['journal', 'journal_room', 'journal_tenant'],
  migrations: [
    {
      name: '0001-journal',
      statements: [
        `CREATE TABLE journal_tenant (
          tenant_id TEXT NOT NULL,
          epoch TEXT NOT NULL,
          PRIMARY KEY (tenant_id)
        )`,
        `CREATE TABLE journal_room (
          tenant_id TEXT NOT NULL,
          room TEXT NOT NULL,
          epoch TEXT,
          top BIGINT NOT NULL,
          sent BIGINT NOT NULL,
          at BIGINT NOT NULL,
          waiting_since BIGINT,
          due BIGINT,
          PRIMARY KEY (tenant_id, room)
        )`,
        'CREATE INDEX journal_room_waiting ON journal_room (waiting_since) WHERE waiting_since IS NOT NULL',
        'CREATE INDEX journal_room_due ON journal_room (due) WHERE due IS NOT NULL',
        `CREATE TABLE journal (
          tenant_id TEXT NOT NULL,
          room TEXT NOT NULL,
          "offset" BIGINT NOT NULL,
          id TEXT NOT NULL,
          type TEXT NOT NULL,
          user_id TEXT,
          data TEXT NOT NULL,
          key_id TEXT,
          at BIGINT NOT NULL,
          key TEXT,
          depth BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, room, "offset")
        )`,
        'CREATE UNIQUE INDEX journal_key ON journal (tenant_id, room, key) WHERE key IS NOT NULL',
      ],
    },
  ],
  sealed: [
    {
      table: 'journal',
      text: 'data',
      keyId: 'key_id',
      key: ['room', 'offset', 'id'],
      about: ({ id }) => journalAbout(String(id)),
    },
  ],
}
