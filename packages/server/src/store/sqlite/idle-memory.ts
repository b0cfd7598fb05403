/**
 * Gives the memory of a database back once nobody has changed it for a while: a crowd that comes at once fills its cache, which
 * would stay full for as long as the process lives. What is asked for later is read from the system's cache.
 */
import type { Clock, Timer } from '../../lib/clock.ts'

export type IdleMemoryOptions = {
  readonly clock: Clock
  readonly release: () => void
}

const idleMs = 1_000

export class IdleMemory {
  readonly #options: IdleMemoryOptions
  #wasUsed = false
  #looking: Timer | undefined
  #stopped = false

  constructor(options: IdleMemoryOptions) {
    this.#options = options
  }

  /** Cheap: it is called for every change, and has one timer for all of them. */
  used(): void {
    this.#wasUsed = true
    if (!this.#looking && !this.#stopped) this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#looking?.cancel()
  }

  #look(): void {
    this.#wasUsed = false
    this.#looking = this.#options.clock.after(idleMs, () => {
      this.#looking = undefined
      if (this.#stopped) return
      if (this.#wasUsed) this.#look()
      else this.#options.release()
    })
  }
}
