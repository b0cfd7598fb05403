/**
 * The port to durable relational data: SQLite in the data folder, or PostgreSQL. Every query runs inside one tenant; a change
 * and the events that tell of it are one transaction. Every implementation passes `store.contract.ts`.
 *
 * Invariants, each proved by the contract case of the same number:
 * S1 nothing of another tenant can be read or written through `of(tenant)`, whatever the query says.
 * S2 a change that resolved is on disk; one that rejected left nothing.
 * S3 events that a change published are in the journal exactly if the change is, with offsets that rise by exactly 1 in each room.
 * S4 what is committed is told to `onCommitted`, once, after the commit, in offset order for each room.
 * S5 a sealed text is read again by whoever has the keys, and tells nothing to whoever has only the rows.
 */
import type { Json, RoomEvent } from '@fanfare/protocol'
import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * Kysely over the rows of one tenant: whatever a query names is narrowed to the tenant, joined tables and subqueries too, and
 * every row that is written is the tenant's. Neither raw SQL that names a table nor a transaction of one's own is taken.
 */
export type Rows = Kysely<Tables>

/** An event before it has its place. `data` must match the room's schema: what stands in the journal is not checked again. */
export type EventDraft = {
  readonly room: string
  readonly type: string
  /** Made of its offset, where it says that itself. */
  readonly data: Json | ((offset: number) => Json)
  readonly userId?: string
  /** @default a new one */
  readonly id?: string
  /** Within the room: the same key again gives the first event, and appends nothing. */
  readonly key?: string
  /** How many reactions led to it. @default 0 */
  readonly depth?: number
}

/**
 * In the journal. Where its room is archived, `epoch` and `offset` are its position for every client, now and for as long as it
 * is kept; elsewhere the engine gives it one of its own once it is published.
 */
export type JournalEvent = RoomEvent & { readonly epoch: string; readonly depth?: number }

/** Events that stand in a room's journal, and what each is to say from now on: as the room's schema has it. */
export type Redaction = {
  readonly room: string
  readonly offsets: readonly number[]
  readonly data: (event: JournalEvent) => Json
}

export type Change = {
  readonly rows: Rows
  /** For what the change writes. Asking the store for one inside a change could wait for the change itself. */
  readonly sealer: Sealer
  /**
   * Appends to the journals of rooms, in this transaction; they are published, in order, once it commits. The room's journal
   * is locked until then, so a change that publishes into several rooms does so in one call, or may have to run again.
   */
  publish(drafts: readonly EventDraft[]): Promise<readonly JournalEvent[]>
  /**
   * Takes out of the journal what it must not say any more, such as the text of a deleted message; ids, types and positions
   * stay. Offsets that are not there any more are passed over. After the rooms of the change were published into, or alone.
   */
  redact(redaction: Redaction): Promise<void>
}

/** A text as it stands in a row: as it was where `keyId` is null, else encrypted. */
export type Sealed = { readonly text: string; readonly keyId: string | null }

/** Encryption at rest with the tenant's key (AES-256-GCM). Where no key is configured, texts stay as they are. */
export type Sealer = {
  /** @param about names the row, such as `chat_message|<id>`; what is sealed cannot be moved to another. */
  seal(text: string, about: string): Sealed
  /** @throws FanfareError `internal` when the key is not there, or the text was changed or moved */
  open(sealed: Sealed, about: string): string
}

export type TenantStore = {
  readonly tenantId: string
  /** Reads from one moment. @throws FanfareError `unavailable` */
  read<T>(work: (rows: Rows) => Promise<T>): Promise<T>
  /**
   * One transaction; run again, from its beginning, when others were in its way. Never one within another: it could wait for itself.
   *
   * @throws what `work` throws, and then nothing was done; FanfareError `unavailable`, and then nothing was done either, but
   * where the connection to PostgreSQL ended during the commit, which the message says: a key makes asking again safe
   */
  change<T>(work: (change: Change) => Promise<T>): Promise<T>
  /** With all keys that its rows may need, as of now: ask anew for each piece of work. @throws FanfareError `unavailable` */
  sealer(): Promise<Sealer>
}

/** What one change published and redacted, on the node that committed it. */
export type CommittedEvents = {
  readonly tenantId: string
  readonly events: readonly JournalEvent[]
  /** Rooms of which earlier events say something else now. */
  readonly redacted?: readonly string[]
}

export type Store = {
  readonly kind: 'sqlite' | 'postgres'
  of(tenantId: string): TenantStore
  /**
   * Which tenants have rows that are due: `column` not later than `atMost`. The one question that is put over tenants; it gives
   * ids, and whoever asked goes on inside each.
   */
  tenantsDue(due: {
    readonly table: keyof Tables
    readonly column: string
    readonly atMost: number
    readonly limit: number
  }): Promise<readonly string[]>
  /** The result ends it. */
  onCommitted(hear: (committed: CommittedEvents) => void): () => void
  close(): Promise<void>
}
