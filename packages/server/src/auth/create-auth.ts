/** Makes the one `Auth` of a node out of its parts. Owns the order: first who it is, then what is stored about them, then the answer. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Identity } from '../model/identity.ts'
import type { TrustStore } from '../store/trust-store.ts'
import { type ApiKeys, createApiKeys } from './api-keys.ts'
import type { Auth } from './auth.ts'
import { checkSubject, createGrants } from './grants.ts'
import type { KeySource } from './keys.ts'
import { bearerAsCause } from './known-bearer.ts'
import { createTickets, type TicketStore } from './tickets.ts'
import { createTokens, type TokenRules } from './tokens.ts'
import { TrustedUser } from './user.ts'
import { createUserTrusts } from './user-trust.ts'

export type AuthOptions = {
  readonly clock: Clock
  /** Asked in order: fixed keys first, key sets after them. */
  readonly keys: readonly KeySource[]
  readonly rules?: TokenRules
  readonly store: TrustStore
  readonly tickets: TicketStore
  /** In ms. @default 30,000 */
  readonly ticketMs?: number
}

export type AuthWithKeys = Auth & { readonly keys: ApiKeys }

export const createAuth = (options: AuthOptions): AuthWithKeys => {
  const { clock, store } = options
  const tokens = createTokens({ ...options.rules, keys: options.keys, clock })
  const tickets = createTickets({
    store: options.tickets,
    clock,
    ...(options.ticketMs === undefined ? {} : { lifetimeMs: options.ticketMs }),
  })
  const trusts = createUserTrusts({ store: store.users, clock })
  const keys = createApiKeys({ store: store.keys, clock })
  /** Keeps what is stored about a user in memory for as long as somebody holds the identity. */
  const admitted = new WeakMap<Identity, TrustedUser>()

  /** @throws FanfareError `unauthenticated` when everything that the user had until then was revoked */
  const admit = async (identity: Identity, issuedAt: number): Promise<Identity> => {
    const trust = await trusts.load(identity.tenantId, identity.userId)
    const user = new TrustedUser({ identity, trust, issuedAt })
    admitted.set(identity, user)
    if (trust.state.kind === 'read' && !user.isRevoked) return identity
    throw new FanfareError('unauthenticated', 'The token was revoked. Sign in again.', {
      cause: bearerAsCause(identity),
    })
  }

  return {
    keys,
    grants: createGrants(trusts),
    async verifyToken(token) {
      const { identity, issuedAt } = await tokens.verify(token)
      return admit(identity, issuedAt)
    },
    verifyKey: (key) => keys.verify(key),
    issueTicket: (identity, given = {}) => tickets.issue(identity, given),
    async redeemTicket(ticket, given = {}) {
      const { identity, issuedAt } = await tickets.redeem(ticket, given)
      return admit(identity, issuedAt)
    },
    userOf: (identity) =>
      admitted.get(identity) ??
      new TrustedUser({ identity, trust: trusts.held(identity.tenantId, identity.userId), issuedAt: 0 }),
    isRevoked: (identity) => admitted.get(identity)?.isRevoked ?? false,
    async revokeTokens(tenantId, userId) {
      checkSubject(tenantId, userId)
      const tokensRevokedAt = clock.now()
      await trusts.update(tenantId, userId, (trust) => ({ ...trust, tokensRevokedAt }))
    },
  }
}
