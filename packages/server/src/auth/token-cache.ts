/** Tokens that were verified lately, by hash: the tokens themselves are not kept. Bounded; forgets what is over and the longest unused first. */
import { createHash } from 'node:crypto'
import type { Identity } from '../model/identity.ts'

/** In ms since 1970. `issuedAt`: 0 where the token does not say. It is remembered `until` then. */
export type VerifiedToken = { readonly identity: Identity; readonly issuedAt: number; readonly until: number }

export class TokenCache {
  readonly #entries = new Map<string, VerifiedToken>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** @param now ms since 1970 */
  get(token: string, now: number): VerifiedToken | undefined {
    const key = hash(token)
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    if (entry.until <= now) return undefined
    this.#entries.set(key, entry)
    return entry
  }

  /** @param now ms since 1970 */
  put(token: string, verified: VerifiedToken, now: number): void {
    this.#entries.set(hash(token), verified)
    for (const [key, { until }] of this.#entries) {
      if (until > now && this.#entries.size <= this.#capacity) return
      this.#entries.delete(key)
    }
  }
}

/** Half of it is enough that nobody finds another token of the same, and there is one for every session that comes. */
const hash = (token: string): string => createHash('sha256').update(token).digest().toString('base64url', 0, 16)
