/** Brings a new token to a live connection before the old one ends. Knows when; the connection knows how. */
import type { ConnectedFrame } from '@fanfare/protocol'
import type { Surroundings, Timer } from './surroundings.ts'

/** Between these shares of a token's life, by chance, so that tokens made together are not renewed together. */
const earliestShare = 0.75
const latestShare = 0.85
/** Below this there is nothing to gain: the server ends the link and the next one brings a new token anyway. */
const shortestMs = 1_000
/** Asked at least this often, so that no clock or timer limit matters. */
const longestMs = 24 * 60 * 60_000

export class Refresher {
  readonly #surroundings: Surroundings
  readonly #refresh: () => Promise<void>
  #timer: Timer | undefined
  #stopped = false

  /** `refresh` may fail: it is then tried again in what is left of the token's life. */
  constructor(surroundings: Surroundings, refresh: () => Promise<void>) {
    this.#surroundings = surroundings
    this.#refresh = refresh
  }

  /** Measured on the server's clock from both ends, so a device whose clock is wrong refreshes in time too. */
  schedule(frame: Pick<ConnectedFrame, 'expiresAt' | 'timestamp'>): void {
    const lifeMs = Date.parse(frame.expiresAt) - Date.parse(frame.timestamp)
    if (Number.isFinite(lifeMs)) this.#plan(this.#surroundings.clock.now() + lifeMs)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #plan(expiresAt: number): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    const { clock, random } = this.#surroundings
    const share = earliestShare + random() * (latestShare - earliestShare)
    const waitMs = Math.min(longestMs, (expiresAt - clock.now()) * share)
    if (waitMs < shortestMs) return
    this.#timer = clock.after(waitMs, () => {
      // Planned first: a provider that fails or hangs, or a token that has not changed, is asked again.
      this.#plan(expiresAt)
      this.#refresh().catch(() => {
        // The plan above is the answer to a failure; if all fail, the server's `token_expired` tells the application.
      })
    })
  }
}
