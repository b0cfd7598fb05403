/**
 * Every table of the relational store, by name, for Kysely. Whoever owns a table adds it here from its own folder:
 * `declare module '../../store/tables.ts' { interface Tables { chat_room: ChatRoomTable } }`.
 */
import type { Generated } from 'kysely'

/** In every table, and first in every key. Filled in and asked for by the store alone: no query names it. */
export type OfTenant = { readonly tenant_id: Generated<string> }

// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging.
export interface Tables {}

/** A change of the schema, run once, in order, ever, on SQLite and PostgreSQL alike. Never change one that was released. */
export type Migration = {
  /** Unique among those of its owner; sorts after the ones before it. @example '0001-messages' */
  readonly name: string
  /** One statement each. Texts are TEXT, numbers and times (ms since 1970) BIGINT, yes and no are 1 and 0, JSON is TEXT. */
  readonly statements: readonly string[]
  /** After these, in the same transaction, on the one or the other: for what the two say differently, such as triggers. */
  readonly only?: { readonly sqlite: readonly string[]; readonly postgres: readonly string[] }
}

/**
 * A column that holds sealed texts, so that `fanfare tenant rotate-key` finds them. Beside it stands `keyId`, null where the
 * text is as it was.
 */
export type SealedColumn = {
  readonly table: keyof Tables
  readonly text: string
  readonly keyId: string
  /** Columns that name the row: its primary key in its order but for the tenant, and then whatever else `about` asks. */
  readonly key: readonly string[]
  /** What the row's text was sealed as. */
  readonly about: (key: { readonly [column: string]: unknown }) => string
}

/** The tables of one owner. */
export type Schema = {
  /** @example 'chat' */
  readonly owner: string
  /** Of tenants: each has `tenant_id TEXT NOT NULL` first in its primary key. */
  readonly tables: readonly (keyof Tables)[]
  readonly migrations: readonly Migration[]
  readonly sealed?: readonly SealedColumn[]
}
