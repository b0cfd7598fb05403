/**
 * Keys that tokens are verified with. Each is pinned to one algorithm when it is made, so what a token's header says can
 * never choose how a key is used. Symmetric keys come from configuration only, never from a key set.
 */
import { createHash } from 'node:crypto'
import { type CryptoKey, importJWK, importSPKI, importX509, type JWK } from 'jose'

export type Algorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA'
export type PublicAlgorithm = Exclude<Algorithm, 'HS256'>
export const publicAlgorithms: readonly PublicAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

export type TypedKey = {
  readonly algorithm: Algorithm
  /** Undefined: only tokens without a `kid` are tried on it. */
  readonly kid: string | undefined
  readonly key: CryptoKey
}

/** Where keys come from. Answers with none, one, or (for a token without `kid`) every key of the algorithm. */
export type KeySource = {
  /** @throws FanfareError `unavailable` when the keys cannot be had now */
  find(kid: string | undefined, algorithm: string): Promise<readonly TypedKey[]>
}

/** Signs too. Its name comes from its hash, so that an old and a new secret can serve side by side. */
export const secretKey = async (secret: Uint8Array): Promise<TypedKey> => {
  if (Buffer.from(secret).includes('-----BEGIN ')) {
    throw new Error('The secret is a PEM file. A public key must be configured as a key, never as a secret.')
  }
  const key = await crypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
  const digest = createHash('sha256').update('fanfare key name').update(secret).digest('base64url')
  return { algorithm: 'HS256', kid: `hs-${digest.slice(0, 8)}`, key }
}

export type PemKey = { readonly algorithm: PublicAlgorithm; readonly kid?: string; readonly pem: string }

/** From a public key or a certificate as PEM. */
export const pemKey = async ({ algorithm, kid, pem }: PemKey): Promise<TypedKey> => {
  const certificate = pem.includes('-----BEGIN CERTIFICATE-----')
  const key = certificate ? await importX509(pem, algorithm) : await importSPKI(pem, algorithm)
  return { algorithm, kid, key }
}

const keysPerSet = 100

/**
 * The keys of a JSON Web Key Set that verify signatures by an allowed algorithm; others are passed over. A key that does
 * not name its algorithm is pinned to the usual one of its type. Private parts are never read.
 * @throws Error when it is no key set, or has a key that cannot be read
 */
export const keysOfSet = async (set: unknown, allowed: readonly Algorithm[]): Promise<readonly TypedKey[]> => {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  if (!Array.isArray(keys)) throw new Error('A key set is a JSON object with a list called keys.')
  if (keys.length > keysPerSet) throw new Error(`A key set has at most ${keysPerSet} keys.`)
  const found: TypedKey[] = []
  for (const entry of keys) {
    if (typeof entry !== 'object' || entry === null) continue
    const jwk = entry as JWK
    const algorithm = algorithmOf(jwk)
    if (algorithm === undefined || !allowed.includes(algorithm) || (jwk.use ?? 'sig') !== 'sig') continue
    const { kty, crv, n, e, x, y } = jwk
    const parts = Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => typeof value === 'string')
    const key = await importJWK(Object.fromEntries(parts) as JWK, algorithm)
    if (!(key instanceof Uint8Array)) {
      found.push({ algorithm, kid: typeof jwk.kid === 'string' ? jwk.kid : undefined, key })
    }
  }
  return found
}

const algorithmOf = ({ kty, crv, alg }: JWK): PublicAlgorithm | undefined => {
  const usual = kty === 'RSA' ? 'RS256' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined
  const algorithm = kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : usual
  return alg === undefined || alg === algorithm ? algorithm : undefined
}

/** Keys that are known from the start. @throws Error when two share a name */
export const fixedKeys = (keys: readonly TypedKey[]): KeySource => {
  const byKid = new Map<string, TypedKey>()
  for (const key of keys) {
    if (key.kid === undefined) continue
    if (byKid.has(key.kid)) throw new Error(`Two keys have the kid ${JSON.stringify(key.kid)}. Give each its own.`)
    byKid.set(key.kid, key)
  }
  return {
    async find(kid, algorithm) {
      if (kid === undefined) return keys.filter((key) => key.algorithm === algorithm)
      const key = byKid.get(kid)
      return key ? [key] : []
    },
  }
}
