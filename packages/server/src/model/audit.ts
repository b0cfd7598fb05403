/** The port to the audit: who did what, never what was said. Anything may tell it; the audit feature keeps it, and where that is off nobody does. */
import type { Caller } from './caller.ts'

export type AuditAction =
  | 'session.opened'
  | 'session.refused'
  /** A new token on the live connection. */
  | 'session.refreshed'
  | 'session.closed'
  | 'request.refused'
  | 'room.subscribed'
  /** As all refusals: the first in a minute of the same. */
  | 'room.refused'
  | 'room.left'
  /** A right ended, and with it the subscription. */
  | 'room.ended'
  /** The first in a minute of each user in each room; each event itself stands in the room's log, with its user. */
  | 'room.published'
  | 'history.read'
  | 'presence.read'
  /** The first in a minute of each user. */
  | 'command.run'
  | 'command.refused'
  | 'ticket.issued'
  | 'grant.given'
  | 'grant.revoked'
  | 'token.revoked'
  | 'session.ended'
  | 'message.read'
  | 'message.deleted'
  | 'member.added'
  | 'member.removed'
  /** The first in a minute of each key. */
  | 'key.used'
  | 'key.created'
  | 'key.revoked'
  | 'data.exported'
  | 'data.erased'
  /** So many entries could not be kept while the store was away. Written by the audit itself. */
  | 'entries.lost'
  | 'administration'

export type AuditActor =
  | { readonly kind: 'user' | 'server'; readonly id: string }
  | { readonly kind: 'application' | 'operator' | 'unknown' }

/** Names, ids, counts and reasons; never the text of a message, a token or a secret. */
export type AuditEntry = {
  /** Of a verified token or key; {@link operatorTenant} where nobody has shown which. */
  readonly tenantId: string
  readonly action: AuditAction
  readonly actor: AuditActor
  /** What it was done to: a room's name, a user's id, a message's id. */
  readonly subject?: string
  readonly detail?: { readonly [name: string]: string | number | boolean }
  /** ms since 1970. @default now */
  readonly at?: number
}

/** `now`: somebody waits for it. `soon`: within a moment, with what else is told until then; a crash may take it. */
export type AuditUrgency = 'now' | 'soon'

export type Audit = {
  /**
   * Resolves once it is kept. Whoever must not go on without it awaits it; others say `soon`, and nothing is thrown at them.
   *
   * @param urgency default `now`
   * @throws FanfareError `unavailable`
   */
  record(entry: AuditEntry, urgency?: AuditUrgency): Promise<void>
}

export const noAudit: Audit = { record: async () => {} }

/**
 * Whose chain takes what belongs to no tenant: above all refusals of those who did not show who they are, which anybody can
 * cause, so that they are counted and not kept one by one. No tenant can have this name.
 */
export const operatorTenant = '$operator'

export const actorOf = (caller: Caller): AuditActor => {
  switch (caller.kind) {
    case 'user':
      return { kind: 'user', id: caller.user.id }
    case 'server':
      return { kind: 'server', id: caller.keyId }
    case 'app':
      return { kind: 'application' }
  }
}
