/**
 * Which life each partition is in, as its answers say. A life ends when the server that has it is another, or has lost what
 * it had: then what was acknowledged may be gone, until every node has said again what it holds.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Partition } from '../../redis/redis.ts'

type Life = { readonly text: string; readonly settledAt: number }

export class PresenceLives {
  readonly #options: { readonly clock: Clock; readonly settleMs: number }
  readonly #lives = new Map<number, Life>()

  constructor(options: { readonly clock: Clock; readonly settleMs: number }) {
    this.#options = options
  }

  /** Whether another life began. */
  saw(partition: Partition, text: string): boolean {
    const known = this.#lives.get(partition.index)
    if (known?.text === text) return false
    // A life without a beginning had nothing to lose.
    const isAnother = known !== undefined && !known.text.startsWith('.')
    const settledAt = isAnother ? this.#options.clock.now() + this.#options.settleMs : (known?.settledAt ?? 0)
    this.#lives.set(partition.index, { text, settledAt })
    return isAnother
  }

  /** How long it is until everybody has said again what they hold, ms; 0 when they have. */
  settlesIn(partition: Partition): number {
    const settledAt = this.#lives.get(partition.index)?.settledAt ?? 0
    return Math.max(0, settledAt - this.#options.clock.now())
  }
}
