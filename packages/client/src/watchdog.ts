/** Notices a link that is open and dead: asks after a silence, and gives up when nothing comes back. One timer a link. */
import type { Clock, Timer } from './surroundings.ts'

export type WatchdogOptions = {
  readonly clock: Clock
  /** Ask after this long without a sign of life, ms. */
  readonly pingIntervalMs: number
  /** Give up after this long without one since asking, ms. */
  readonly pongTimeoutMs: number
  readonly ping: () => void
  readonly dead: () => void
}

export class Watchdog {
  readonly #options: WatchdogOptions
  #heardAt: number
  #timer: Timer | undefined
  #asking = false

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#heardAt = options.clock.now()
    this.#sleep(options.pingIntervalMs)
  }

  /** Cheap: called for every frame, it moves no timer but the one of a question that is now answered. */
  heard(): void {
    this.#heardAt = this.#options.clock.now()
    if (!this.#asking) return
    this.#asking = false
    this.#sleep(this.#options.pingIntervalMs)
  }

  /** Asks at once: after sleep or a change of network nobody knows whether the link still lives. */
  probe(): void {
    if (this.#asking) return
    this.#asking = true
    this.#sleep(this.#options.pongTimeoutMs)
    this.#options.ping()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #sleep(ms: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(ms, () => this.#wake())
  }

  #wake(): void {
    if (this.#asking) {
      this.#options.dead()
      return
    }
    const silentMs = this.#options.clock.now() - this.#heardAt
    const leftMs = this.#options.pingIntervalMs - silentMs
    if (leftMs > 0) this.#sleep(leftMs)
    else this.probe()
  }
}
