/** Tokens that were verified lately, by hash: the tokens themselves are not kept. Bounded; forgets the longest unused first. */
import { createHash } from 'node:crypto'
import type { Identity } from '../model/identity.ts'

/** `issuedAt` in ms since 1970; 0 where the token does not say. */
export type VerifiedToken = { readonly identity: Identity; readonly issuedAt: number }

type Entry = { readonly verified: VerifiedToken; readonly until: number }

export class TokenCache {
  readonly #entries = new Map<string, Entry>()
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
    return entry.verified
  }

  /** @param until ms since 1970; the entry counts no longer */
  put(token: string, verified: VerifiedToken, until: number): void {
    this.#entries.set(hash(token), { verified, until })
    if (this.#entries.size <= this.#capacity) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

const hash = (token: string): string => createHash('sha256').update(token).digest('base64url')
