/** The trust store in Redis, for all nodes. Each user's rules, each key, and each tenant's list of keys is a text of its own. */
import { tenantName } from '../model/tenant-name.ts'
import type { RedisTexts } from './redis-texts.ts'
import {
  type KeyStore,
  noTrust,
  type StoredKey,
  type TrustStore,
  type UserTrust,
  type UserTrustStore,
} from './trust-store.ts'

export const redisTrustStore = (texts: RedisTexts): TrustStore => ({ users: usersIn(texts), keys: keysIn(texts) })

const trustOf = (text: string): UserTrust => (text === '' ? noTrust : (JSON.parse(text) as UserTrust))

const textOf = ({ rules, tokensRevokedAt }: UserTrust): string =>
  rules.length === 0 && tokensRevokedAt === 0 ? '' : JSON.stringify({ rules, tokensRevokedAt })

const usersIn = (texts: RedisTexts): UserTrustStore => ({
  read: async (tenantId, userId) => trustOf(await texts.read('user-trust', tenantName(tenantId, userId))),
  async update(tenantId, userId, change) {
    let after = noTrust
    await texts.change('user-trust', tenantName(tenantId, userId), (before) => {
      after = change(trustOf(before))
      return textOf(after)
    })
    return after
  },
})

const listOf = (text: string): readonly StoredKey[] => (text === '' ? [] : (JSON.parse(text) as readonly StoredKey[]))

const inOrder = (one: StoredKey, other: StoredKey): number =>
  one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1)

/**
 * A key is kept twice, maybe on two servers. It is in force by what is under its id; the list is for showing. So it is listed
 * before it is in force, and unlisted after: whatever dies in between leaves no key that nobody can see and end.
 */
const keysIn = (texts: RedisTexts): KeyStore => ({
  async add(key) {
    const others = (list: string) => listOf(list).filter(({ id }) => id !== key.id)
    await texts.change('api-keys', key.tenantId, (list) => JSON.stringify([...others(list), key]))
    await texts.change('api-key', key.id, () => JSON.stringify(key))
  },
  async find(id) {
    const text = await texts.read('api-key', id)
    return text === '' ? undefined : (JSON.parse(text) as StoredKey)
  },
  list: async (tenantId) => [...listOf(await texts.read('api-keys', tenantId))].sort(inOrder),
  async remove(tenantId, id) {
    let listed = false
    if (!listOf(await texts.read('api-keys', tenantId)).some((key) => key.id === id)) return false
    await texts.change('api-key', id, () => '')
    await texts.change('api-keys', tenantId, (list) => {
      const keys = listOf(list)
      const rest = keys.filter((key) => key.id !== id)
      listed = rest.length < keys.length
      return rest.length === 0 ? '' : JSON.stringify(rest)
    })
    return listed
  },
})
