/** @fanfare/protocol: the wire vocabulary that server, clients and third parties share. */
export type {
  AnyApp,
  AppTypes,
  CommandInput,
  CommandName,
  CommandOutput,
  Described,
  EventOf,
  KnownRoom,
  PatternOf,
  PayloadTypes,
  RoomEvents,
  RoomInputs,
  RoomName,
  TypesOf,
} from './app-types.ts'
export type {
  Attachment,
  ChatActivity,
  ChatMember,
  ChatMessage,
  ChatRole,
  ChatRoom,
  ChatRoomSummary,
  MemberPage,
  MessagePage,
  NewMessage,
  Receipt,
  ReceiptCount,
  Receipts,
  SentMessage,
} from './chat.ts'
export { type DecodeLimits, decodeClientFrame, encodeClientFrame, frameIdOf } from './client-frames.ts'
export { codeOfClose, codes, type ErrorCode, type Retry } from './codes.ts'
export { FanfareError, type FanfareErrorOptions, toFanfareError } from './error.ts'
export type { Durability, Member, Position, RoomEvent } from './event.ts'
export type {
  AuthFrame,
  ClientFrame,
  CommandFrame,
  ConnectedFrame,
  ErrorFrame,
  EventFrame,
  FrameId,
  GapFrame,
  GapReason,
  HistoryFrame,
  HistoryPage,
  PingFrame,
  PongFrame,
  PresenceChange,
  PresenceChangeFrame,
  PresenceFrame,
  PresenceSnapshot,
  PublishFrame,
  PublishResult,
  ReconnectFrame,
  ReplyFrame,
  RoomRequest,
  ServerFrame,
  ServerPongFrame,
  Since,
  SubscribeFrame,
  SubscriptionFrame,
  UnsubscribeFrame,
  UnsubscribeReason,
} from './frames.ts'
export type { Json, JsonObject } from './json.ts'
export { defaultLimits, type Limits } from './limits.ts'
export { frameSeparator, framesOf, type Subprotocol, subprotocols } from './messages.ts'
export type {
  NewNotification,
  Notification,
  NotificationCount,
  NotificationPage,
  NotificationPreferences,
  NotificationState,
  NotificationTarget,
} from './notification.ts'
export { idOfRoomPart, roomPart } from './room-part.ts'
export { parseJson, type ScanLimits, scanJson } from './scan.ts'
export { decodeServerFrame, encodeServerFrame } from './server-frames.ts'
export type { StatusState, UserStatus } from './status.ts'
