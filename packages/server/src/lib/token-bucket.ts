/** A rate limit: so many at once, so many a second. Small, because every session has one; owns no timer and reads no clock. */

/** `burst` is what a rested bucket holds; `perSecond` is how fast it fills. Both above 0. */
export type Rate = { readonly perSecond: number; readonly burst: number }

// What a bucket holds is counted in thousandths, so that whole rates and whole milliseconds add up without rounding.

export const fullOf = (rate: Rate): number => rate.burst * 1000

/** What a bucket that held `thousandths` holds after so many ms. */
export const filled = (rate: Rate, thousandths: number, ms: number): number =>
  Math.min(fullOf(rate), thousandths + ms * rate.perSecond)

/** A wall clock may be set back; buckets then stand still and never empty by it. */
export const elapsedSince = (at: number, now: number): number => Math.max(0, now - at)

/**
 * 0 when `cost` is there; else the ms until it would be. A cost above the burst is there when the bucket is full: taken, it
 * leaves a debt, so that a large thing is slow and not impossible.
 */
export const waitFor = (rate: Rate, thousandths: number, cost: number): number => {
  const needed = Math.min(cost, rate.burst) * 1000
  return thousandths >= needed ? 0 : Math.ceil((needed - thousandths) / rate.perSecond)
}

export class TokenBucket {
  readonly #rate: Rate
  #thousandths: number
  #at: number

  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#thousandths = fullOf(rate)
    this.#at = now
  }

  /** Takes `cost` if it is there and returns 0; else takes nothing and returns the ms until it would be. */
  take(now: number, cost = 1): number {
    this.#fill(now)
    const wait = waitFor(this.#rate, this.#thousandths, cost)
    if (wait === 0) this.#thousandths -= cost * 1000
    return wait
  }

  /** Gives back what was taken for something that did not happen. */
  put(cost = 1): void {
    this.#thousandths = Math.min(fullOf(this.#rate), this.#thousandths + cost * 1000)
  }

  /** Whether it can be forgotten: a new bucket would answer the same. */
  rested(now: number): boolean {
    this.#fill(now)
    return this.#thousandths >= fullOf(this.#rate)
  }

  #fill(now: number): void {
    this.#thousandths = filled(this.#rate, this.#thousandths, elapsedSince(this.#at, now))
    this.#at = now
  }
}
