/**
 * API keys of a tenant's servers: `ff_<id>_<secret>`. The secret is 256 random bits, which nobody can try out, so one fast
 * hash keeps it as safe at rest as a slow one would keep a password, and costs microseconds a request.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { ServerCaller } from '../model/caller.ts'
import { checkTenant } from '../model/room-key.ts'
import type { KeyStore, StoredKey } from '../store/trust-store.ts'
import type { ApiKey } from './auth.ts'
import { checkScopes } from './scopes.ts'

export { hasScope, type ScopeAction } from './scopes.ts'

export type NewKey = { readonly tenantId: string; readonly name: string; readonly scopes: readonly string[] }

export type ApiKeys = {
  /** `key` is shown this once and kept nowhere. @throws FanfareError `bad_name`, `invalid_payload` */
  create(key: NewKey): Promise<ApiKey & { readonly key: string }>
  list(tenantId: string): Promise<readonly ApiKey[]>
  /** From the next request on. @throws FanfareError `not_found` */
  revoke(tenantId: string, id: string): Promise<void>
  /** @throws FanfareError `unauthenticated`, `unavailable` */
  verify(key: string): Promise<ServerCaller>
}

export type ApiKeyOptions = { readonly store: KeyStore; readonly clock: Clock }

const shape = /^ff_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/
const namePattern = /^[^\p{C}]{1,100}$/u

/** Whether a bearer credential is meant as an API key and not as a token. */
export const looksLikeKey = (credential: string): boolean => credential.startsWith('ff_')

export const createApiKeys = ({ store, clock }: ApiKeyOptions): ApiKeys => ({
  async create({ tenantId, name, scopes }) {
    checkTenant(tenantId)
    if (!namePattern.test(name)) throw new FanfareError('invalid_payload', 'An API key has a name of 1 to 100 letters.')
    const checked = checkScopes(scopes)
    const id = randomBytes(8).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const about = { id, tenantId, name, scopes: checked, createdAt: clock.now() }
    await store.add({ ...about, hash: hash(secret).toString('base64url') })
    return { ...about, key: `ff_${id}_${secret}` }
  },
  async list(tenantId) {
    return (await store.list(tenantId)).map(({ id, tenantId, name, scopes, createdAt }) => ({
      id,
      tenantId,
      name,
      scopes,
      createdAt,
    }))
  },
  async revoke(tenantId, id) {
    if (!(await store.remove(tenantId, id)))
      throw new FanfareError('not_found', 'The tenant has no API key of this id.')
  },
  async verify(key) {
    const [, id, secret] = (key.length <= 100 && shape.exec(key)) || []
    if (id === undefined || secret === undefined) throw refused()
    const stored = await find(store, id)
    // Hashed and compared for an unknown id too: the time taken tells nothing about which ids there are.
    const same = timingSafeEqual(hash(secret), stored ? Buffer.from(stored.hash, 'base64url') : nobody)
    if (!stored || !same) throw refused()
    return { kind: 'server', tenantId: stored.tenantId, keyId: stored.id, scopes: stored.scopes }
  },
})

const nobody = Buffer.alloc(32)

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const refused = (): FanfareError =>
  new FanfareError('unauthenticated', 'The API key is not known or was revoked. Use one that is in force.')

const find = async (store: KeyStore, id: string): Promise<StoredKey | undefined> => {
  try {
    return await store.find(id)
  } catch (error) {
    throw new FanfareError('unavailable', 'API keys cannot be read just now. Try again.', {
      retryAfterMs: 1_000,
      cause: error,
    })
  }
}
