/** What waits behind a message that its client is to read by itself. */
import type { Clock } from '../../lib/clock.ts'
import type { Frame } from '../../wire/dialect.ts'

/** Long enough for a client on the same machine to read what came before. */
const aloneMs = 2

export class Alone {
  #held: Frame[] | undefined = []

  /** Nothing follows for a moment; then `release` is called, once. */
  static begin(clock: Clock, release: () => void): Alone {
    clock.after(aloneMs, release)
    return new Alone()
  }

  /** Whether they were kept back. */
  holds(frames: readonly Frame[]): boolean {
    this.#held?.push(...frames)
    return this.#held !== undefined
  }

  get bytes(): number {
    return this.#held?.reduce((bytes, frame) => bytes + frame.length, 0) ?? 0
  }

  /** What was held; from here on nothing is. */
  end(): readonly Frame[] {
    const held = this.#held ?? none
    this.#held = undefined
    return held
  }
}

const none: readonly Frame[] = []
