/**
 * The seam between how the log behaves (`room-log.ts`, with its lanes, tails and repairs) and where it is kept: Redis
 * (`redis-broker.ts`), or a model of it that loses, doubles, delays and dies at will, in the simulation. Seven members.
 *
 * What a broker promises: a write is one atomic step of append and fan-out for each room; offsets rise by 1 within an epoch;
 * a room whose log is not there, or whose top is below what a writer or comparer knows of it, begins in a new epoch before
 * anything else is done with it. What is left of a log that was taken back stays, in the new epoch and under its offsets, and
 * a key that was used for it still counts; so nothing is lost but what the server no longer has. What it does not promise:
 * that a message arrives, once or at all.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Draft, ReadQuery, Receipt, Slice } from '../room-log.ts'

/** Rooms of one lane share a server, a round trip and the order of their writes. */
export type Lane = string

type WriteIn = {
  readonly room: LogRoom
  /** The highest position that this node knows of the room, as the write goes. */
  known?: Position
}

export type Publish = WriteIn & {
  readonly kind: 'publish'
  readonly draft: Draft
  readonly key?: string | undefined
  /** Keep it in {@link Unreacted} in the same step. */
  readonly react: boolean
}

export type Write = Publish | (WriteIn & { readonly kind: 'forget' })

/** `failed`: this write alone was not done, and is known not to be. */
export type Written =
  | {
      readonly kind: 'published'
      readonly receipt: Receipt
      readonly duplicate: boolean
      /**
       * Resolves once it is as safe as the receipt says, and told; before it is neither acknowledged nor delivered. The lane
       * goes on meanwhile. Rejects with `unavailable`: stored, and with the same key it is waited for again.
       */
      readonly safe?: Promise<void>
    }
  | { readonly kind: 'forgotten'; readonly epoch: string }
  | { readonly kind: 'failed'; readonly error: unknown }

/** What arrives for a room: in the order of the log when nothing is lost, but maybe twice, late, or never. */
export type Heard =
  | { readonly kind: 'event'; readonly room: RoomKey; readonly epoch: string; readonly event: RoomEvent }
  | { readonly kind: 'forgotten'; readonly room: RoomKey; readonly epoch: string }

export type BrokerSink = {
  heard(heard: Heard): void
  /** What was published in this lane until now may not have been heard. Subscriptions stand again. */
  doubted(lane: Lane): void
}

export type Known = { readonly room: LogRoom; readonly known: Position | undefined }

export type Broker = {
  start(sink: BrokerSink): Promise<() => Promise<void>>
  laneOf(room: RoomKey): Lane
  /**
   * One round trip, in order, one answer each.
   *
   * @throws FanfareError `unavailable` when it is not known which were done; they may be done yet, but before any later write of this lane
   */
  write(lane: Lane, writes: readonly Write[]): Promise<readonly Written[]>
  read(room: LogRoom, query: ReadQuery): Promise<Slice>
  /** Where each room is now, in order; rooms whose top is below what is known go on in a new epoch first. */
  compare(lane: Lane, rooms: readonly Known[]): Promise<readonly Position[]>
  /** Resolves when it has effect: what is published later is heard, or doubt is raised. */
  hear(lane: Lane, rooms: readonly RoomKey[]): Promise<void>
  unhear(lane: Lane, rooms: readonly RoomKey[]): Promise<void>
}
