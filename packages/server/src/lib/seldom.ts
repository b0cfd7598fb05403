/** Warnings of what others can cause as often as they like: said once in a while, with how many were not said. */
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

const quietMs = 60_000

export class SeldomWarning {
  readonly #clock: Clock
  readonly #log: Log
  readonly #message: string
  #saidAt = Number.NEGATIVE_INFINITY
  #unsaid = 0

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }, message: string) {
    this.#clock = clock
    this.#log = log
    this.#message = message
  }

  warn(about: { readonly [name: string]: unknown }): void {
    const now = this.#clock.now()
    if (now - this.#saidAt < quietMs) {
      this.#unsaid++
      return
    }
    this.#log.warn({ ...about, ...(this.#unsaid === 0 ? {} : { unsaid: this.#unsaid }) }, this.#message)
    this.#saidAt = now
    this.#unsaid = 0
  }
}
