/** @fanfare/backend: Fanfare for a tenant's own servers. */
export { FanfareError } from '@fanfare/protocol'
export { type Backend, createBackend } from './backend.ts'
export type { Conversations, MessagesRequest, NewChatRoom, NewMember } from './conversations.ts'
export type { Events, EventToPublish, HistoryOptions, PublishOptions, PublishOutcome } from './events.ts'
export type { BackendOptions, CallOptions, Fetch } from './options.ts'
export type { RetryOptions } from './retry.ts'
export type { Ticket, TicketRequest, TokenClaims, Tokens } from './tokens.ts'
export type { Grants, SessionInfo, TenantStats, Users } from './users.ts'
