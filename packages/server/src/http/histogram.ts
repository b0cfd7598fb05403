/** A histogram that counts with a few additions: many are observed for each that is read, and prom-client walks objects for each. */

/** What prom-client's registry asks of a metric. */
export type ReadHistogram = {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly aggregator: 'sum'
  readonly values: readonly {
    readonly metricName: string
    readonly labels: { readonly le?: string }
    readonly value: number
  }[]
}

export type HistogramOptions = {
  readonly name: string
  readonly help: string
  /** Upper bounds, rising; the one above all others is added. */
  readonly buckets: readonly number[]
}

export class LeanHistogram {
  readonly name: string
  readonly #options: HistogramOptions
  /** How many fell into each bucket and not into the one before; the last is above all bounds. */
  readonly #counts: number[]
  #sum = 0

  constructor(options: HistogramOptions) {
    this.name = options.name
    this.#options = options
    this.#counts = Array.from({ length: options.buckets.length + 1 }, () => 0)
  }

  /** What is no number is left out: the sum would be none for good. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return
    const { buckets } = this.#options
    let bucket = 0
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  async get(): Promise<ReadHistogram> {
    const { name, help, buckets } = this.#options
    let count = 0
    const bucketValues = this.#counts.map((fell, bucket) => {
      count += fell
      return { metricName: `${name}_bucket`, labels: { le: String(buckets[bucket] ?? '+Inf') }, value: count }
    })
    const values = [
      ...bucketValues,
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ]
    return { name, help, type: 'histogram', aggregator: 'sum', values }
  }
}
