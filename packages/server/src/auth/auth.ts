/** The answers that flows and HTTP handlers ask of `auth/`: who is this, and what may they do. Made by `createAuth` in the composition root. */
import type { ServerCaller } from '../model/caller.ts'
import type { Identity, User } from '../model/identity.ts'

/** What a link or request showed to prove who it is. `none`: it may still send an `auth` frame. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'none' }

export type Ticket = { readonly ticket: string; readonly expiresAt: number }

export type TicketOptions = {
  /** Bound to the origin that asked, when a browser did. */
  readonly origin?: string
}

export type ApiKey = {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: number
}

export type Auth = {
  /** @throws FanfareError `unauthenticated`, `token_expired`, `unavailable` when keys or grants cannot be read just now */
  verifyToken(token: string): Promise<Identity>
  /** @throws FanfareError `unauthenticated` */
  verifyKey(key: string): Promise<ServerCaller>
  issueTicket(identity: Identity, options?: TicketOptions): Promise<Ticket>
  /** Exactly one redemption succeeds. @throws FanfareError `unauthenticated` */
  redeemTicket(ticket: string, options?: TicketOptions): Promise<Identity>
  /** The identity with its grants as they are now; asking later gives later answers. Of an identity that is not from here, nothing is allowed until its grants were read. */
  userOf(identity: Identity): User
  readonly grants: Grants
  /** Refuses every token and ticket of the user that was made until now, for a sign-out everywhere. Open sessions stay until they are disconnected. */
  revokeTokens(tenantId: string, userId: string): Promise<void>
  /** Whether that has happened since the identity was made, as far as this node knows: `grants.reload` reads it anew. */
  isRevoked(identity: Identity): boolean
}

/** Grants made and revoked at run time, on top of those in tokens. A revocation wins over a token until it is granted again. */
export type Grants = {
  list(
    tenantId: string,
    userId: string,
  ): Promise<{ readonly granted: readonly string[]; readonly revoked: readonly string[] }>
  grant(tenantId: string, userId: string, grants: readonly string[]): Promise<void>
  revoke(tenantId: string, userId: string, grants: readonly string[]): Promise<void>
  /** Another node changed them: read them anew. */
  reload(tenantId: string, userId: string): Promise<void>
}
