/** Whether something happens for the first time in this minute. Forgets rather than grows: then it says so once too often. */
import type { Clock } from '../../lib/clock.ts'

const minuteMs = 60_000
const mostKnown = 20_000

export class FirstOfMinute {
  readonly #clock: Clock
  readonly #seen = new Set<string>()
  #minute = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  is(what: string): boolean {
    const minute = Math.floor(this.#clock.now() / minuteMs)
    if (minute !== this.#minute || this.#seen.size >= mostKnown) this.#seen.clear()
    this.#minute = minute
    if (this.#seen.has(what)) return false
    this.#seen.add(what)
    return true
  }
}
