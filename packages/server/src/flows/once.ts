/** Remembers answers by key for a while, so that a retried command runs once on this node. What fails is not remembered. */
import type { Json } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'

export type OnceOptions = { readonly clock: Clock; readonly forMs: number; readonly most: number }

type Entry = { readonly at: number; readonly answer: Promise<Json> }

export class Once {
  readonly #entries = new Map<string, Entry>()
  readonly #options: OnceOptions

  constructor(options: OnceOptions) {
    this.#options = options
  }

  once(key: string, run: () => Promise<Json>): Promise<Json> {
    this.#expire()
    const known = this.#entries.get(key)
    if (known) return known.answer
    const answer = run()
    this.#entries.set(key, { at: this.#options.clock.now(), answer })
    answer.catch(() => this.#entries.delete(key))
    return answer
  }

  /** Oldest first: insertion order is the order of age. */
  #expire(): void {
    const { clock, forMs, most } = this.#options
    const oldest = clock.now() - forMs
    for (const [key, { at }] of this.#entries) {
      if (at > oldest && this.#entries.size < most) return
      this.#entries.delete(key)
    }
  }
}
