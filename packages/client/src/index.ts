/** @fanfare/client: the client for browsers, Bun and Node. */
export {
  type AnyApp,
  type Described,
  type ErrorCode,
  FanfareError,
  type Json,
  type Member,
  type Position,
  type PublishResult,
  type RoomEvent,
  roomPart,
  type Since,
} from '@fanfare/protocol'
export { type Client, createClient } from './client.ts'
export type { ConnectionState, Session, Transport } from './connection-state.ts'
export type { TicketSource, TokenSource } from './credentials.ts'
export type { History, HistoryOptions, PageOf } from './history.ts'
export type { Stop, Store } from './listeners.ts'
export { type ClientOptions, defaults } from './options.ts'
export type { MemberChange, Members } from './presence.ts'
export type { PresenceHandle, PublishOptions, RoomHandle, RoomOptions } from './room.ts'
export type { Gap, RoomState } from './subscription.ts'
export type {
  Clock,
  Fetch,
  Page,
  PageListeners,
  Socket,
  SocketConstructor,
  Surroundings,
  Timer,
} from './surroundings.ts'
