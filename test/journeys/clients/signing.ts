/** A secret for servers in a process of their own, and tokens that they take. */
import { SignJWT } from 'jose'

const secret = 'c2VjcmV0IG9mIHRoZSBqb3VybmV5cywgNDggcmFuZG9tIGJ5dGVzIG9yIHNv'

export const environment = { FANFARE_SECRET: secret } as const

export type TokenClaims = { readonly [claim: string]: unknown }

export const tokenFor = (tenantId: string, userId: string, claims: TokenClaims = {}): Promise<string> =>
  new SignJWT({ tenant: tenantId, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))
