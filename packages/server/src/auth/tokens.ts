/**
 * Verifies tokens: size, then header, then key, then signature and times, then claims. A key's algorithm is its own;
 * headers that bring or point to keys are refused. Remembers what it verified for a short while, so that many
 * reconnects at once are cheap. No message and no cause of an error holds any part of a token.
 */
import { FanfareError } from '@fanfare/protocol'
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Clock } from '../lib/clock.ts'
import type { Identity } from '../model/identity.ts'
import { identityOfClaims } from './claims.ts'
import type { KeySource, TypedKey } from './keys.ts'
import { bearerAsCause } from './known-bearer.ts'
import { TokenCache, type VerifiedToken } from './token-cache.ts'

export type TokenRules = {
  /** The `iss` that a token must have; unset, any. */
  readonly issuer?: string
  /** The `aud` that a token must have; unset, any. */
  readonly audience?: string
  /** Claims that may hold the tenant. @default tenant, tenantId */
  readonly tenantClaims?: readonly string[]
  /** How far the clocks of issuer and node may differ, in ms. @default 5,000 */
  readonly leewayMs?: number
  /** Tokens that live longer are refused, in ms. @default 86,400,000 */
  readonly maxLifetimeMs?: number
  /** Nothing of a longer token is looked at. @default 8,192 */
  readonly maxBytes?: number
  /** Verified tokens that are remembered. @default 10,000 */
  readonly remembered?: number
  /** For how long, in ms: a key that is withdrawn counts no longer than this. @default 60,000 */
  readonly rememberMs?: number
}

export const tokenDefaults = {
  tenantClaims: ['tenant', 'tenantId'] as readonly string[],
  leewayMs: 5_000,
  maxLifetimeMs: 86_400_000,
  maxBytes: 8_192,
  remembered: 10_000,
  rememberMs: 60_000,
} as const

export type TokenOptions = TokenRules & {
  /** Asked in order; the first that knows a key decides. */
  readonly keys: readonly KeySource[]
  readonly clock: Clock
}

export type Tokens = {
  /** @throws FanfareError `unauthenticated`, `token_expired`, `unavailable` */
  verify(token: string): Promise<VerifiedToken>
}

type Rules = Required<Omit<TokenRules, 'issuer' | 'audience'>> & TokenOptions

export const createTokens = (given: TokenOptions): Tokens => {
  const rules: Rules = { ...tokenDefaults, ...given }
  const cache = new TokenCache(rules.remembered)
  return {
    async verify(token) {
      if (typeof token !== 'string' || token.length > rules.maxBytes) {
        throw refuse(`The token is longer than ${rules.maxBytes} bytes. Put less into it.`)
      }
      const now = rules.clock.now()
      const known = cache.get(token, now)
      if (known) return known
      const payload = await verifyAnew(token, rules)
      const identity = identityOf(payload, rules)
      const issuedAt = (payload.iat ?? 0) * 1000
      const verified = { identity, issuedAt, until: Math.min(identity.expiresAt, now + rules.rememberMs) }
      cache.put(token, verified, now)
      return verified
    },
  }
}

const refuse = (message: string): FanfareError => new FanfareError('unauthenticated', message)

const verifyAnew = async (token: string, rules: Rules): Promise<JWTPayload> => {
  const { kid, algorithm } = readHeader(token)
  const keys = await findKeys(rules.keys, kid, algorithm)
  const fitting = keys.filter((key) => key.algorithm === algorithm)
  if (fitting.length === 0) throw refuse('The token is signed with an algorithm that its key is not for.')
  return verifyWithAny(token, fitting, rules)
}

const identityOf = (payload: JWTPayload, rules: Rules): Identity => {
  const expiresAt = (payload.exp ?? 0) * 1000
  const now = rules.clock.now()
  checkLifetime(payload, now, rules)
  // Within the leeway past its end, a token is good for what is left of the leeway and not for nothing.
  const until = expiresAt > now ? expiresAt : expiresAt + rules.leewayMs
  return identityOfClaims(payload, { tenant: rules.tenantClaims }, until)
}

type Header = { readonly kid: string | undefined; readonly algorithm: string }

/** What would let a token choose its own key, or claims rules that we do not know. */
const refusedHeaders = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip']

const readHeader = (token: string): Header => {
  let header: { readonly [name: string]: unknown }
  try {
    header = decodeProtectedHeader(token)
  } catch {
    throw refuse('This is no token. Send a signed JSON Web Token.')
  }
  const unwanted = refusedHeaders.find((name) => Object.hasOwn(header, name))
  if (unwanted) throw refuse(`A token with the header ${unwanted} is not taken. Sign it without.`)
  const { kid, alg } = header
  if (typeof alg !== 'string' || alg.toLowerCase() === 'none') throw refuse('The token is not signed. Sign it.')
  if (kid !== undefined && typeof kid !== 'string') throw refuse('The header kid of the token must be a text.')
  return { kid, algorithm: alg }
}

const findKeys = async (
  sources: readonly KeySource[],
  kid: string | undefined,
  algorithm: string,
): Promise<readonly TypedKey[]> => {
  for (const source of sources) {
    const keys = await source.find(kid, algorithm)
    if (keys.length > 0) return keys
  }
  throw refuse(
    kid === undefined
      ? 'The token names no key (kid), and no configured key is for its algorithm.'
      : 'No key has the name (kid) that the token gives. Sign it with a key that the server is configured with.',
  )
}

const verifyWithAny = async (token: string, keys: readonly TypedKey[], rules: Rules): Promise<JWTPayload> => {
  for (const { key, algorithm } of keys) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        currentDate: new Date(rules.clock.now()),
        clockTolerance: Math.floor(rules.leewayMs / 1000),
        requiredClaims: ['exp'],
        ...(rules.issuer === undefined ? {} : { issuer: rules.issuer }),
        ...(rules.audience === undefined ? {} : { audience: rules.audience }),
      })
      return payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw translate(error, rules)
    }
  }
  throw refuse('The signature of the token is not by a key of this server.')
}

/** The library's errors hold the token's payload, so none of them goes on as a cause. */
const translate = (error: unknown, rules: Rules): FanfareError => {
  if (error instanceof errors.JWTExpired) return expired(error.payload, rules)
  if (!(error instanceof errors.JWTClaimValidationFailed)) {
    return refuse('This is no token that can be verified. Send a signed JSON Web Token.')
  }
  switch (error.claim) {
    case 'exp':
      return refuse('The token has no end. Give it the claim exp.')
    case 'nbf':
      return refuse('The token is not valid yet. Wait for its nbf, or set the clock of its issuer.')
    case 'iss':
      return refuse('The token is by another issuer (iss) than this server takes.')
    case 'aud':
      return refuse('The token is for another audience (aud) than this server.')
    default:
      return refuse('A time claim of the token is not a number.')
  }
}

/** Its signature was good, so that whose it was may be known. */
const expired = (payload: JWTPayload, rules: Rules): FanfareError => {
  try {
    const bearer = identityOfClaims(payload, { tenant: rules.tenantClaims }, 0)
    return new FanfareError('token_expired', undefined, { cause: bearerAsCause(bearer) })
  } catch {
    // It names nobody.
    return new FanfareError('token_expired')
  }
}

const checkLifetime = ({ exp = 0, iat }: JWTPayload, now: number, rules: Rules): void => {
  const longest = rules.maxLifetimeMs + rules.leewayMs
  const sinceIssue = iat === undefined ? 0 : (exp - iat) * 1000
  if (exp * 1000 - now <= longest && sinceIssue <= longest) return
  throw refuse(`The token lives longer than ${rules.maxLifetimeMs / 1000} seconds. Make it shorter and refresh it.`)
}
