/**
 * Signs ends of chains. Ed25519 and not a MAC: whoever verifies, an auditor with the file of checkpoints, needs the public key
 * alone, and can forge nothing with it. Pure.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/**
 * A signed statement about a chain, at `at` ms. `checkpoint`: its row `number` has this hash. `tombstone`: the rows up to it
 * were erased on purpose, and the chain goes on from there.
 */
export type Statement = {
  readonly kind: 'checkpoint' | 'tombstone'
  readonly tenantId: string
  readonly number: number
  readonly hash: string
  readonly at: number
}

/** `key` is the public key, `signature` both in base64url. */
export type SignedStatement = Statement & { readonly key: string; readonly signature: string }

export type Signer = { readonly key: string; sign(statement: Statement): SignedStatement }

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 and SPKI (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** @param secret any number of secret bytes; what is signed with is derived from them, so that they serve nothing else */
export const signerOf = (secret: Uint8Array): Signer => {
  const seed = createHash('sha256').update('fanfare audit signing key 1\n').update(secret).digest()
  const der = Buffer.concat([privatePrefix, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = spki.subarray(publicPrefix.length).toString('base64url')
  return {
    key,
    sign: (statement) => ({
      ...statement,
      key,
      signature: sign(null, bytesOf(statement), privateKey).toString('base64url'),
    }),
  }
}

const bytesOf = ({ kind, tenantId, number, hash, at }: Statement): Buffer =>
  Buffer.from(JSON.stringify(['fanfare audit 1', kind, tenantId, number, hash, at]))

/** Whether a text is a public key at all. */
export const isPublicKey = (key: string): boolean => /^[\w-]{43}$/.test(key) && keyObjectOf(key) !== undefined

const keyObjectOf = (key: string): KeyObject | undefined => {
  try {
    const der = Buffer.concat([publicPrefix, Buffer.from(key, 'base64url')])
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** Whether the statement is signed by one of these keys. The key that it names itself is believed only if it is among them. */
export const isSigned = (statement: SignedStatement, keys: ReadonlySet<string>): boolean => {
  if (!keys.has(statement.key)) return false
  const publicKey = keyObjectOf(statement.key)
  return (
    publicKey !== undefined &&
    verify(null, bytesOf(statement), publicKey, Buffer.from(statement.signature, 'base64url'))
  )
}

/** One line, without its end. */
export const formatStatement = ({ kind, tenantId, number, hash, at, key, signature }: SignedStatement): string =>
  JSON.stringify({ kind, tenant: tenantId, number, hash, at: new Date(at).toISOString(), key, signature })

/** Undefined for what is no statement. */
export const parseStatement = (line: string): SignedStatement | undefined => {
  let value: { readonly [name: string]: unknown }
  try {
    value = JSON.parse(line) ?? {}
  } catch {
    return undefined
  }
  const { kind, tenant, number, hash, at, key, signature } = value
  if (kind !== 'checkpoint' && kind !== 'tombstone') return undefined
  if (typeof tenant !== 'string' || typeof hash !== 'string' || typeof at !== 'string') return undefined
  if (typeof number !== 'number' || typeof key !== 'string' || typeof signature !== 'string') return undefined
  const time = Date.parse(at)
  if (!Number.isSafeInteger(number) || !Number.isFinite(time)) return undefined
  return { kind, tenantId: tenant, number, hash, at: time, key, signature }
}
