/** How long each connection of a crowd took from its first byte until it was ready, in ms. */
import { performance } from 'node:perf_hooks'
import { percentileOf } from '../lib/statistics.ts'
import type { CrowdOptions } from './crowd.ts'

export class Handshakes {
  readonly #begun: number[] = []
  readonly #took: number[] = []

  watch(): Pick<CrowdOptions, 'begins' | 'ready'> {
    return {
      begins: (index) => {
        this.#begun[index] = performance.now()
      },
      ready: ({ index }) => {
        this.#took.push(performance.now() - this.#begun[index]!)
      },
    }
  }

  percentiles(): { readonly p50: number; readonly p99: number } {
    const sorted = Float64Array.from(this.#took).sort()
    return { p50: percentileOf(sorted, 0.5), p99: percentileOf(sorted, 0.99) }
  }
}
