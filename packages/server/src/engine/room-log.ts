/**
 * The port through which nodes share rooms: ordered logs with fan-out. Six members; every engine passes
 * `engine.contract.ts`. Outcomes, not primitives: how an engine stores or wakes is its own affair.
 *
 * Invariants, each proved by the contract case of the same number:
 * I1 offsets rise by exactly 1 within an epoch, from 1.
 * I2 append and fan-out are one step for a room: delivered in offset order, and never before the durability that the
 *    acknowledgement states is reached.
 * I3 a node that listens before a publish gets it at most once, in order.
 * I4 a lost or rolled-back log means a new epoch; no two events ever share (epoch, offset).
 * I5 `read` returns a contiguous run right after (or before) the position, or says that it cannot; never a partial one.
 * I6 after `listen` resolves, every later event is delivered or `lost` is called.
 */
import type { Durability, GapReason, Position, RoomEvent } from '@fanfare/protocol'
import type { Soon } from '../lib/soon.ts'
import type { LogRoom } from '../model/room.ts'
import type { RoomKey } from '../model/room-key.ts'

/** An event before the log has given it its offset. */
export type Draft = Omit<RoomEvent, 'offset'>

export type PublishOptions = {
  /**
   * Idempotency key, scoped to the room: within `idempotencyMs` the same key gives the first receipt and appends nothing.
   * Of rooms in memory an engine may forget the oldest keys sooner, when more come than it can remember.
   */
  readonly key?: string
  /** Keep the event in {@link Unreacted} until it is marked as done. Durable rooms only; elsewhere it has no effect. */
  readonly react?: boolean
  /** How many reactions led to it; for a log that runs them itself. @default 0 */
  readonly depth?: number
}

/** What a publish is answered with. All that is kept of a key, so that a repeat costs no second copy of the event. */
export type Receipt = {
  /** The event's. */
  readonly id: string
  readonly epoch: string
  readonly offset: number
  /** The event's: ISO 8601, UTC. */
  readonly timestamp: string
  readonly durability: Durability
}

/** Of a duplicate, the receipt of the first; its event may have left the log. */
export type Published = Receipt &
  ({ readonly duplicate: false; readonly event: RoomEvent } | { readonly duplicate: true })

/** Which run to read. `limit` and `maxBytes` end a page early, never with a hole; at least one event is returned if there is one. */
export type ReadQuery = {
  readonly limit: number
  readonly maxBytes?: number
  /** Whoever asks hears by itself of what comes later, so that what the node has at hand is as good as the log. */
  readonly live?: true
} & (
  | { readonly after: Position | 'earliest' | 'latest' }
  /** The run that ends just before the position; `latest` means the newest. Returned oldest first. */
  | { readonly before: Position | 'latest' }
)

/**
 * `top` is the newest position at the moment of reading. `more`: the log has events further in the direction read.
 * Reading `after: 'latest'` returns no events, and the top. Failure: `reason`, with the top from which the room goes on.
 */
export type Slice =
  | { readonly ok: true; readonly events: readonly RoomEvent[]; readonly top: Position; readonly more: boolean }
  | { readonly ok: false; readonly reason: GapReason; readonly top: Position }

export type RoomSink = {
  /** Synchronous and quick; called in offset order for each room. */
  deliver(room: RoomKey, epoch: string, event: RoomEvent): void
  /** The engine can no longer promise that every event since was delivered: whoever is in the room must read again. */
  lost(room: RoomKey): void
}

export type RoomLog = {
  /** Opens the engine; the result closes it, after what was accepted has been committed. */
  start(sink: RoomSink): Promise<() => Promise<void>>
  /** Listening is not counted: listening twice is listening once, and one `unlisten` ends it. */
  listen(room: LogRoom): Promise<void>
  unlisten(room: LogRoom): Promise<void>
  /**
   * Answers, and throws, in this call when all is done in it.
   *
   * @throws FanfareError `unavailable` when it was not stored; the caller may retry with the same key.
   */
  publish(room: LogRoom, draft: Draft, options?: PublishOptions): Soon<Published>
  read(room: LogRoom, query: ReadQuery): Promise<Slice>
  /** Erases the log, with its keys and what is unreacted. Later events have a new epoch (I4); who listens is told `lost`. */
  forget(room: LogRoom): Promise<void>
}

/** A second, rare power: events of durable rooms whose reaction has not been seen to finish, so that a crash does not swallow it. */
export type Unreacted = {
  /**
   * Takes what processes that are gone left unfinished, oldest first. Each event is given to one of all who ask, so a node may
   * ask at its start and every while after it; what a node is still at is given to nobody.
   */
  list(): Promise<readonly RoomEvent[]>
  done(event: RoomEvent): void
}
