/** The port to the audit: who did what, never what was said. Anything may tell it; the audit feature keeps it, and where that is off nobody does. */

export type AuditAction =
  | 'session.opened'
  | 'session.refused'
  | 'session.closed'
  | 'room.subscribed'
  | 'room.refused'
  | 'history.read'
  | 'presence.read'
  | 'grant.given'
  | 'grant.revoked'
  | 'token.revoked'
  | 'session.ended'
  | 'message.read'
  | 'message.deleted'
  | 'member.added'
  | 'member.removed'
  | 'key.used'
  | 'data.exported'
  | 'data.erased'
  | 'administration'

export type AuditActor =
  | { readonly kind: 'user' | 'server'; readonly id: string }
  | { readonly kind: 'application' | 'operator' | 'unknown' }

/** Names, ids, counts and reasons; never the text of a message, a token or a secret. */
export type AuditEntry = {
  readonly tenantId: string
  readonly action: AuditAction
  readonly actor: AuditActor
  /** What it was done to: a room's name, a user's id, a message's id. */
  readonly subject?: string
  readonly detail?: { readonly [name: string]: string | number | boolean }
  /** ms since 1970. @default now */
  readonly at?: number
}

export type Audit = {
  /** Resolves once it is kept. Whoever must not go on without it awaits it; others need not, and nothing is thrown at them. @throws FanfareError `unavailable` */
  record(entry: AuditEntry): Promise<void>
}

export const noAudit: Audit = { record: async () => {} }
