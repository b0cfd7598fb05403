/** Tokens for users whom the tenant's own server has signed in, and tickets for links that cannot carry one. */

import type { Json } from '@fanfare/protocol'
import { SignJWT } from 'jose'
import type { Call } from './call.ts'
import type { BackendOptions, CallOptions } from './options.ts'

export type TokenClaims = {
  readonly userId: string
  readonly roles?: readonly string[]
  /** `action:resource` or `action:resource:id`. */
  readonly grants?: readonly string[]
  /** @default 3600 */
  readonly ttlSeconds?: number
  /** What the application's rules read besides, such as `name`. */
  readonly claims?: { readonly [name: string]: Json }
}

export type TicketRequest = TokenClaims & {
  /** The page that the ticket is for; from another it is refused. @default any */
  readonly origin?: string
}

export type Ticket = { readonly ticket: string; readonly expiresAt: string }

export type Tokens = {
  /** Signed here, with no request. @throws Error without `secret` and `tenant` */
  mintToken(claims: TokenClaims): Promise<string>
  /** Opens one link with `?ticket=`, once, within seconds. @throws FanfareError; Error without `secret` and `tenant` */
  ticket(request: TicketRequest, options?: CallOptions): Promise<Ticket>
}

type Signing = Pick<BackendOptions, 'secret' | 'tenant' | 'issuer' | 'audience' | 'tenantClaim'>

const ttlSecondsDefault = 3_600

export const createTokens = (call: Call, signing: Signing): Tokens => {
  const mintToken = async (claims: TokenClaims): Promise<string> => {
    const { secret, tenant, issuer, audience, tenantClaim = 'tenant' } = signing
    if (!secret || !tenant)
      throw new Error(
        'Tokens are signed with the server’s secret for a tenant: give secret and tenant to createBackend.',
      )
    const { userId, roles, grants, ttlSeconds = ttlSecondsDefault } = claims
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) throw new Error('ttlSeconds: give a whole number of seconds.')
    const issuedAt = Math.floor(Date.now() / 1_000)
    const token = new SignJWT({
      ...claims.claims,
      [tenantClaim]: tenant,
      ...(roles ? { roles: [...roles] } : {}),
      ...(grants ? { grants: [...grants] } : {}),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ttlSeconds)
      .setJti(crypto.randomUUID())
    if (issuer !== undefined) token.setIssuer(issuer)
    if (audience !== undefined) token.setAudience(audience)
    return token.sign(new TextEncoder().encode(secret))
  }
  return {
    mintToken,
    async ticket({ origin, ...claims }, options) {
      const token = await mintToken(claims)
      const headers = origin === undefined ? {} : { origin }
      return (await call({ method: 'POST', path: '/v1/tickets', token, headers }, options)) as Ticket
    },
  }
}
