/** What happened in a room, and where in its log. Shapes only; the server makes them, every client reads them. */
import type { Json } from './json.ts'

/**
 * A place in a room's log.
 *
 * Offsets rise by exactly 1 within an epoch (I1); a new epoch means that the log before it is lost (I4), so an offset
 * says nothing without its epoch.
 */
export type Position = {
  /** Names one incarnation of the log. Opaque; compare for equality only. */
  readonly epoch: string
  /** How many events the incarnation had when this one was its last; 0 before the first. */
  readonly offset: number
}

/** A fact in a room's log, as every client sees it. */
export type RoomEvent<Type extends string = string, Data = Json> = {
  /** UUIDv7, made by the server. The same event has the same id on every link and after every replay. */
  readonly id: string
  readonly type: Type
  readonly tenantId: string
  readonly room: string
  readonly offset: number
  /** Who caused it; absent when a server did. */
  readonly userId?: string
  readonly data: Data
  /** ISO 8601 in UTC with milliseconds, by the clock of the node that took the publish. Order is by offset, never by this. */
  readonly timestamp: string
}

/** Somebody whom presence shows in a room: a user, however many sessions they have there. */
export type Member = {
  readonly userId: string
  /** What the user's most recent session last said about itself. */
  readonly state: Json
  /** ISO 8601: when the user's first session came in. */
  readonly since: string
}

/** How safe an acknowledged publish is: in one process, on disk after fsync, held by a broker, or by a replica of it too. */
export type Durability = 'memory' | 'disk' | 'broker' | 'replicas'
