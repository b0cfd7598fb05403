/** Chance with a seed, and the steps that it orders: what makes a race happen the same way twice. */

/** Mulberry32: 32 bits of state, good enough to choose by. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}

/** Everything that could happen next; one of them does, by chance. */
export class Steps {
  readonly #chance: Chance
  readonly #waiting: (() => void)[] = []

  constructor(chance: Chance) {
    this.#chance = chance
  }

  get waiting(): number {
    return this.#waiting.length
  }

  later(run: () => void): void {
    this.#waiting.push(run)
  }

  /** Waits for its turn; now and then not at all, as a call that is answered at once. */
  pause(): Promise<void> {
    if (this.#chance.below(4) === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** False when nothing waits. */
  one(): boolean {
    if (this.#waiting.length === 0) return false
    const index = this.#chance.below(this.#waiting.length)
    const run = this.#waiting[index]!
    const last = this.#waiting.pop()!
    if (index < this.#waiting.length) this.#waiting[index] = last
    run()
    return true
  }
}
