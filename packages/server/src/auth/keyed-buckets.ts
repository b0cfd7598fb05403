/** Rate limits by key (user, tenant, address), for as many keys as memory allows and no more. */
import { type Rate, TokenBucket } from '../lib/token-bucket.ts'

/** How many of the longest unused are looked at on each new key: enough that rested ones never pile up. */
const sweep = 4

export class KeyedBuckets {
  /** From the longest unused to the last used. */
  readonly #buckets = new Map<string, TokenBucket>()
  /** The last used, which is at the end already and stays when others are forgotten. */
  #last: { readonly key: string; readonly bucket: TokenBucket } | undefined
  readonly #rate: Rate
  readonly #capacity: number

  constructor(rate: Rate, capacity: number) {
    this.#rate = rate
    this.#capacity = capacity
  }

  get size(): number {
    return this.#buckets.size
  }

  /** 0 when taken; else the ms to wait. */
  take(key: string, now: number, cost = 1): number {
    if (this.#last?.key === key) return this.#last.bucket.take(now, cost)
    const known = this.#buckets.get(key)
    if (known) this.#buckets.delete(key)
    else this.#makeRoom(now)
    const bucket = known ?? new TokenBucket(this.#rate, now)
    this.#buckets.set(key, bucket)
    this.#last = { key, bucket }
    return bucket.take(now, cost)
  }

  put(key: string, cost = 1): void {
    this.#buckets.get(key)?.put(cost)
  }

  /** Forgets rested buckets, which changes nothing; and, when it is full nevertheless, the one longest unused. */
  #makeRoom(now: number): void {
    let looked = 0
    for (const [key, bucket] of this.#buckets) {
      if (looked++ === sweep) break
      if (bucket.rested(now)) this.#buckets.delete(key)
    }
    if (this.#buckets.size < this.#capacity) return
    const oldest = this.#buckets.keys().next()
    if (!oldest.done) this.#buckets.delete(oldest.value)
  }
}
