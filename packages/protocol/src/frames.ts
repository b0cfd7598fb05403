/** The native dialect's frames, grouped by direction. Each is one JSON object; `type` tells which. */
import type { ErrorCode, Retry } from './codes.ts'
import type { Durability, Member, Position, RoomEvent } from './event.ts'
import type { Json } from './json.ts'

/** Chosen by the sender, echoed in the answer. */
export type FrameId = string | number

/** Where a subscription starts: after a position that the client holds, with the oldest event kept, or (absent) with the next one. */
export type Since = Position | 'earliest'

export type RoomRequest = { readonly room: string; readonly since?: Since }

// ── client → server ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The first frame of a link that has not authenticated otherwise; later, a refresh that may change neither tenant nor user. */
export type AuthFrame = { readonly type: 'auth'; readonly id?: FrameId; readonly token: string }
/** One room, or many in one request (a resume); answered by one `subscription` (or `error`) for each room. */
export type SubscribeFrame =
  | ({ readonly type: 'subscribe'; readonly id?: FrameId } & RoomRequest)
  | { readonly type: 'subscribe'; readonly id?: FrameId; readonly rooms: readonly RoomRequest[] }
export type UnsubscribeFrame = { readonly type: 'unsubscribe'; readonly id?: FrameId; readonly room: string }
/** `key` makes it idempotent: within five minutes the same key in the same room gives the first result again. */
export type PublishFrame = {
  readonly type: 'publish'
  readonly id?: FrameId
  readonly room: string
  readonly event: string
  readonly data: Json
  readonly key?: string
}
export type CommandFrame = {
  readonly type: 'command'
  readonly id?: FrameId
  readonly name: string
  readonly input: Json
  readonly key?: string
}
/** A page of a room's log: `after` reads forwards, `before` backwards; neither means the newest page. Answered by `reply` with a {@link HistoryPage}. */
export type HistoryFrame = {
  readonly type: 'history'
  readonly id?: FrameId
  readonly room: string
  readonly after?: Position | 'earliest'
  readonly before?: Position
  readonly limit?: number
}
/** With `state`: enter, or change what others see. With `leave`: go. With neither: answered by `reply` with a {@link PresenceSnapshot}. */
export type PresenceFrame = {
  readonly type: 'presence'
  readonly id?: FrameId
  readonly room: string
  readonly state?: Json
  readonly leave?: true
}
export type PingFrame = { readonly type: 'ping'; readonly id?: FrameId }
/** Taken and ignored: some clients answer pings of their own accord. */
export type PongFrame = { readonly type: 'pong'; readonly id?: FrameId }

export type ClientFrame =
  | AuthFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | PublishFrame
  | CommandFrame
  | HistoryFrame
  | PresenceFrame
  | PingFrame
  | PongFrame

// ── server → client ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The session is open. Before it no frame but `auth` is taken: any other ends the link. Sent again after a refresh, with the new expiry. */
export type ConnectedFrame = {
  readonly type: 'connected'
  readonly session: string
  readonly tenantId: string
  readonly userId: string
  /** ISO 8601: when the token ends and the session with it, unless refreshed. */
  readonly expiresAt: string
  /** Send a `ping` after this many ms without a frame; without an answer in `pongTimeoutMs` the link is dead. */
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly message: string
  readonly timestamp: string
}
/**
 * The room's state for this session.
 *
 * `subscribed`: the next event of this room has `offset + 1` in `epoch`. `recovered` is there when `since` was asked:
 * true means that every event after it follows; false means that some are gone (`reason`) and the room goes on from here.
 * `latest` delivery means that a slow reader gets only the newest event per key, so offsets may jump.
 */
export type SubscriptionFrame =
  | {
      readonly type: 'subscription'
      readonly id?: FrameId
      readonly room: string
      readonly status: 'subscribed'
      readonly epoch: string
      readonly offset: number
      readonly delivery: 'every' | 'latest'
      readonly recovered?: boolean
      readonly reason?: GapReason
    }
  | {
      readonly type: 'subscription'
      readonly id?: FrameId
      readonly room: string
      readonly status: 'unsubscribed'
      readonly reason: UnsubscribeReason
    }
/** `asked` by the client, or `revoked` because a grant ended. */
export type UnsubscribeReason = 'asked' | 'revoked'
/** Why events are gone: older than the log keeps, in a log that is lost, or a position that the log never reached. */
export type GapReason = 'trimmed' | 'epoch' | 'ahead'
export type EventFrame = { readonly type: 'event'; readonly event: RoomEvent }
/** In the middle of a subscription, events were lost for good. The next event has `to.offset + 1` in `to.epoch`. */
export type GapFrame = {
  readonly type: 'gap'
  readonly room: string
  readonly reason: GapReason
  readonly from: Position
  readonly to: Position
}
/** A change of who is in a room; a snapshot is always an answer (`reply`), never this. */
export type PresenceChangeFrame = {
  readonly type: 'presence'
  readonly room: string
  readonly change: PresenceChange
  readonly member: Member
}
export type PresenceChange = 'join' | 'update' | 'leave'
export type ServerPongFrame = { readonly type: 'pong'; readonly id?: FrameId; readonly timestamp: string }
/** Success of the client frame with this `id`. */
export type ReplyFrame = { readonly type: 'reply'; readonly id: FrameId; readonly result: Json }
/** Failure of the client frame with this `id`, or (without one) of the link. */
export type ErrorFrame = {
  readonly type: 'error'
  readonly id?: FrameId
  readonly room?: string
  readonly code: ErrorCode
  readonly message: string
  readonly retry: Retry
  readonly retryAfterMs?: number
}
/** The server is about to close the link: come back after this many ms, chosen for this client so that all spread out. */
export type ReconnectFrame = { readonly type: 'reconnect'; readonly afterMs: number; readonly reason: ErrorCode }

export type ServerFrame =
  | ConnectedFrame
  | SubscriptionFrame
  | EventFrame
  | GapFrame
  | PresenceChangeFrame
  | ServerPongFrame
  | ReplyFrame
  | ErrorFrame
  | ReconnectFrame

// ── results carried by `reply` ───────────────────────────────────────────────────────────────────────────────────────

/** `id`, `offset` and `epoch` of the event in the log. `duplicate` when an earlier publish with the same key made it. */
export type PublishResult = {
  readonly id: string
  readonly room: string
  readonly epoch: string
  readonly offset: number
  readonly timestamp: string
  readonly durability: Durability
  readonly duplicate: boolean
}
/** Oldest first, whichever way it was read. `next` goes into `after` or `before` of the next request; absent at the end. */
export type HistoryPage = {
  readonly room: string
  readonly events: readonly RoomEvent[]
  readonly epoch: string
  readonly next?: Position
}
export type PresenceSnapshot = { readonly room: string; readonly members: readonly Member[] }
