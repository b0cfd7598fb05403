/** The port for what `auth/` must remember over restarts: API keys by hash, and what was granted to or taken from users. */

/** One thing said about a user's rights, and whether it allows or forbids. */
export type GrantRule = { readonly pattern: string; readonly allow: boolean }

export type UserTrust = {
  /** Oldest first: a later rule is the newer word. */
  readonly rules: readonly GrantRule[]
  /** ms since 1970: tokens made until then are refused; 0 when none are. */
  readonly tokensRevokedAt: number
}

export const noTrust: UserTrust = Object.freeze({ rules: Object.freeze([]), tokensRevokedAt: 0 })

export type UserTrustStore = {
  /** {@link noTrust} for a user of whom nothing is known. */
  read(tenantId: string, userId: string): Promise<UserTrust>
  /** Reads, changes and writes as one step: of two at once, the second sees what the first wrote. Durable when it resolves. */
  update(tenantId: string, userId: string, change: (trust: UserTrust) => UserTrust): Promise<UserTrust>
}

export type StoredKey = {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly scopes: readonly string[]
  /** ms since 1970 */
  readonly createdAt: number
  /** SHA-256 of the secret part, base64url. */
  readonly hash: string
}

export type KeyStore = {
  add(key: StoredKey): Promise<void>
  /** Of whatever tenant: the key's own says which. */
  find(id: string): Promise<StoredKey | undefined>
  /** Oldest first. */
  list(tenantId: string): Promise<readonly StoredKey[]>
  /** False when the tenant has no such key. */
  remove(tenantId: string, id: string): Promise<boolean>
}

export type TrustStore = { readonly users: UserTrustStore; readonly keys: KeyStore }
