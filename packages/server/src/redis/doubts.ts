/** Tells those who asked that messages may have been missed; what comes up together is told once. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Partition } from './redis.ts'

type Ear = (doubted: readonly Partition[]) => void

const gatherMs = 5

export class Doubts {
  readonly #clock: Clock
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #ears = new Set<{ readonly ear: Ear }>()
  readonly #gathered = new Set<Partition>()
  readonly #stood = new Set<Partition>()

  constructor({ clock, log, metrics }: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }) {
    this.#clock = clock
    this.#log = log
    this.#metrics = metrics
  }

  on(ear: Ear): () => void {
    const entry = { ear }
    this.#ears.add(entry)
    return () => void this.#ears.delete(entry)
  }

  readonly raise = (partition: Partition): void => {
    if (this.#gathered.size === 0) this.#clock.after(gatherMs, () => this.#tell())
    this.#gathered.add(partition)
  }

  /** What is wanted there is heard. The first time, nothing can have been missed. */
  readonly stands = (partition: Partition): void => {
    if (this.#stood.has(partition)) this.raise(partition)
    this.#stood.add(partition)
  }

  #tell(): void {
    const doubted = [...this.#gathered]
    this.#gathered.clear()
    this.#metrics.add('fanfare_redis_doubts_total', doubted.length)
    for (const { ear } of this.#ears) {
      try {
        ear(doubted)
      } catch (error) {
        this.#log.error({ error }, 'a part of the server could not take a doubt')
      }
    }
  }
}
