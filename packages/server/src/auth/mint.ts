/** Makes tokens that this server verifies: for `fanfare token`, examples, and users whom the application signed in itself. */
import { FanfareError } from '@fanfare/protocol'
import { SignJWT } from 'jose'
import type { MintClaims } from '../app/app.ts'
import { secretId } from '../lib/ids.ts'
import { identityOfClaims, userIdOf } from './claims.ts'
import type { TypedKey } from './keys.ts'
import { type TokenRules, tokenDefaults } from './tokens.ts'

export type MintOptions = {
  /** Of {@link secretKey}. */
  readonly key: TypedKey
  /** ms since 1970 */
  readonly now: number
  /** The rules that the token will be verified by. */
  readonly rules?: TokenRules
}

export const mintDefaults = { ttlSeconds: 3_600 } as const

/** @throws FanfareError `invalid_payload`, when the token could not be used */
export const mintToken = async (claims: MintClaims, { key, now, rules = {} }: MintOptions): Promise<string> => {
  const { tenantClaims, maxLifetimeMs } = { ...tokenDefaults, ...rules }
  const ttlSeconds = claims.ttlSeconds ?? mintDefaults.ttlSeconds
  if (!(Number.isInteger(ttlSeconds) && ttlSeconds > 0 && ttlSeconds * 1000 <= maxLifetimeMs)) {
    throw new FanfareError('invalid_payload', `A token lives 1 to ${maxLifetimeMs / 1000} seconds.`)
  }
  const issuedAt = Math.floor(now / 1000)
  const payload = {
    ...claims.claims,
    [tenantClaims[0] ?? 'tenant']: claims.tenantId,
    sub: userIdOf(claims.userId) ?? '',
    ...(claims.roles ? { roles: [...claims.roles] } : {}),
    ...(claims.grants ? { grants: [...claims.grants] } : {}),
  }
  checkUsable(payload, tenantClaims)
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: key.algorithm, typ: 'JWT', ...(key.kid === undefined ? {} : { kid: key.kid }) })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .setJti(secretId())
  if (rules.issuer !== undefined) token.setIssuer(rules.issuer)
  if (rules.audience !== undefined) token.setAudience(rules.audience)
  return token.sign(key.key)
}

const checkUsable = (payload: { readonly [claim: string]: unknown }, tenant: readonly string[]): void => {
  try {
    identityOfClaims(payload, { tenant }, 0)
  } catch (error) {
    if (error instanceof FanfareError) throw new FanfareError('invalid_payload', error.message)
    throw error
  }
}
