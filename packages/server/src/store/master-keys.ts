/** The keys of the configuration, which wrap the keys of tenants and nothing else. Owns none of either. */
import { createHash, randomBytes } from 'node:crypto'
import { FanfareError } from '@fanfare/protocol'
import { tenantName } from '../model/tenant-name.ts'
import { decrypt, encrypt, keyBytes } from './cipher.ts'

export type WrappedKey = { readonly wrapped: string; readonly master: string }

export type MasterKeys = {
  /** Whether there are any. */
  readonly configured: boolean
  /** A new key of a tenant, wrapped by the first of the configuration. */
  make(tenantId: string, id: string): WrappedKey
  /** @throws FanfareError `internal` when the key that wrapped it is not configured, or it was changed or moved */
  unwrap(tenantId: string, id: string, key: WrappedKey): Uint8Array
}

type Master = { readonly name: string; readonly key: Uint8Array }

const masterOf = (text: string): Master => {
  const key = Buffer.from(text, 'base64')
  return { key, name: createHash('sha256').update('fanfare master|').update(key).digest('hex').slice(0, 12) }
}

const aboutKey = (tenantId: string, id: string): string => tenantName(tenantId, `tenant_key|${id}`)

/** @param texts base64 of 32 bytes each; the first wraps, all unwrap */
export const masterKeys = (texts: readonly string[]): MasterKeys => {
  const masters = texts.map(masterOf)
  return {
    configured: masters.length > 0,
    make(tenantId, id) {
      const [first] = masters
      if (first === undefined) throw new FanfareError('internal', notConfigured)
      return { wrapped: encrypt(first.key, randomBytes(keyBytes), aboutKey(tenantId, id)), master: first.name }
    },
    unwrap(tenantId, id, { wrapped, master }) {
      const found = masters.find(({ name }) => name === master)
      if (found === undefined) throw new FanfareError('internal', missing(tenantId, master))
      try {
        return decrypt(found.key, wrapped, aboutKey(tenantId, id))
      } catch (cause) {
        throw new FanfareError('internal', `The key ${id} of tenant ${tenantId} was changed in the store.`, { cause })
      }
    },
  }
}

export const notConfigured = 'Texts are sealed, and no key is configured (FANFARE_ENCRYPTION_KEYS).'

const missing = (tenantId: string, master: string): string =>
  `A key of tenant ${tenantId} is wrapped by the master key ${master}…, which FANFARE_ENCRYPTION_KEYS does not have.`
