/** Clients that emit nothing for too long, and are told to go. One sweep for all of them; nobody has a timer. */
import type { Clock } from '../../lib/clock.ts'

/** A client that is connected. */
export type Speaker = { readonly session: { end(code: 'normal', reason: string): void } }

const sweepsPerTimeout = 10

export class IdleClients {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #heardAt = new Map<Speaker, number>()

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** It connected, or said something. */
  heard(speaker: Speaker): void {
    this.#heardAt.set(speaker, this.#clock.now())
  }

  gone(speaker: Speaker): void {
    this.#heardAt.delete(speaker)
  }

  /** The result stops it. */
  start(): () => void {
    const timer = this.#clock.every(Math.max(50, this.#timeoutMs / sweepsPerTimeout), () => this.#sweep())
    return () => timer.cancel()
  }

  #sweep(): void {
    const latest = this.#clock.now() - this.#timeoutMs
    for (const [speaker, heardAt] of this.#heardAt) {
      if (heardAt > latest) continue
      this.#heardAt.delete(speaker)
      speaker.session.end('normal', 'the client said nothing for too long')
    }
  }
}
