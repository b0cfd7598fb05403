/**
 * Whom an administrator has just sent away. A browser's EventSource comes back by itself whenever its stream ends, and
 * only an answer without one stops it (status 204); so the return is remembered for a moment, in bounded memory.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Identity } from '../model/identity.ts'

const rememberedMs = 60_000
const most = 10_000

export class Dismissed {
  readonly #clock: Clock
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  remember(identity: Identity, url: string): void {
    const oldest = this.#until.size >= most ? this.#until.keys().next() : undefined
    if (oldest && !oldest.done) this.#until.delete(oldest.value)
    this.#until.set(keyOf(identity, url), this.#clock.now() + rememberedMs)
  }

  /** Whether this is such a return: the same user at the same address, with a cursor that only a reconnect has. */
  isBack(identity: Identity, request: Request): boolean {
    if (this.#until.size === 0 || !request.headers.get('last-event-id')) return false
    const key = keyOf(identity, request.url)
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (until > this.#clock.now()) return true
    this.#until.delete(key)
    return false
  }
}

/** A hash, because an address may hold a token. */
const keyOf = ({ tenantId, userId }: Identity, url: string): string =>
  createHash('sha256')
    .update(JSON.stringify([tenantId, userId, url]))
    .digest('base64url')
