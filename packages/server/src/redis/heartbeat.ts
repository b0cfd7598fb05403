/**
 * Whether what is published comes back: a beat through Pub/Sub itself, from the connection that publishes to the one that
 * hears. A connection can be open at both ends and deaf. Owns the counting; never a connection.
 */
import type { Clock, Timer } from '../lib/clock.ts'

export type HeartbeatOptions = {
  readonly clock: Clock
  readonly everyMs: number
  /** Publishes one, somehow; whether that works shows by itself. */
  readonly beat: (message: string) => void
  /** Three in a row were not heard. */
  readonly onDeaf: () => void
}

const mostMissed = 3

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #nonce = crypto.randomUUID()
  #timer: Timer | undefined
  #sent = 0
  #heard = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** One was heard, and of the last two sent at least one. */
  get healthy(): boolean {
    return this.#heard > 0 && this.#sent - this.#heard <= 1
  }

  start(): void {
    const { clock, everyMs } = this.#options
    this.#send()
    this.#timer = clock.every(everyMs, () => {
      // Counted in beats and not in time, so that a process that stood still itself does not take others for silent.
      if (this.#sent - this.#heard >= mostMissed) return this.#options.onDeaf()
      this.#send()
    })
  }

  /** False when it is none of its beats. */
  hear(message: string): boolean {
    const colon = message.indexOf(':')
    const beat = Number(message.slice(colon + 1))
    if (message.slice(0, colon) !== this.#nonce || !(beat <= this.#sent)) return false
    this.#heard = Math.max(this.#heard, beat)
    return true
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #send(): void {
    this.#sent++
    this.#options.beat(`${this.#nonce}:${this.#sent}`)
  }
}
