/** A rate limit: so many at once, so many a second. Small, because every session has one; owns no timer and reads no clock. */

/** `burst` is what a rested bucket holds; `perSecond` is how fast it fills. Both above 0. */
export type Rate = { readonly perSecond: number; readonly burst: number }

export class TokenBucket {
  readonly #rate: Rate
  /** In thousandths, so that whole rates and whole milliseconds add up without rounding. */
  #thousandths: number
  #at: number

  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#thousandths = rate.burst * 1000
    this.#at = now
  }

  /**
   * Takes `cost` if it is there and returns 0; else takes nothing and returns the ms until it would be.
   * A cost above the burst is let through when the bucket is full and leaves a debt, so that a large thing is slow and not impossible.
   */
  take(now: number, cost = 1): number {
    this.#fill(now)
    const needed = Math.min(cost, this.#rate.burst) * 1000
    if (this.#thousandths >= needed) {
      this.#thousandths -= cost * 1000
      return 0
    }
    return Math.ceil((needed - this.#thousandths) / this.#rate.perSecond)
  }

  /** Gives back what was taken for something that did not happen. */
  put(cost = 1): void {
    this.#add(cost * 1000)
  }

  /** Whether it can be forgotten: a new bucket would answer the same. */
  rested(now: number): boolean {
    this.#fill(now)
    return this.#thousandths >= this.#rate.burst * 1000
  }

  #fill(now: number): void {
    // A wall clock may be set back; the bucket then stands still and never empties by it.
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    this.#add(elapsed * this.#rate.perSecond)
  }

  #add(thousandths: number): void {
    this.#thousandths = Math.min(this.#rate.burst * 1000, this.#thousandths + thousandths)
  }
}
