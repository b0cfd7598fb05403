/** One flush a tick for the whole node: whoever was given frames in a tick is written to once, after it. */

import { Run } from './run.ts'

/** `broken` is told what `flush` threw, and ends what it is for: one link that fails must not keep the others of a tick waiting. */
export type Flushable = { flush(): void; broken(error: unknown): void }

export class Flusher {
  #dirty: Flushable[] = []
  #scheduled = false
  #start = Run.empty()
  readonly #schedule: (run: () => void) => void

  constructor(schedule: (run: () => void) => void = setImmediate) {
    this.#schedule = schedule
  }

  /** Where the runs of this tick begin. Another for the next, so that nothing of what was written stays. */
  get start(): Run {
    return this.#start
  }

  mark(outbox: Flushable): void {
    this.#dirty.push(outbox)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(this.#run)
  }

  readonly #run = (): void => {
    const dirty = this.#dirty
    this.#dirty = []
    this.#start = Run.empty()
    this.#scheduled = false
    for (const outbox of dirty) {
      try {
        outbox.flush()
      } catch (error) {
        outbox.broken(error)
      }
    }
  }
}
