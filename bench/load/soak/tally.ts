/** What the soak's clients saw since it was last asked, and what was wrong. */

/** Of problems that begin alike, so many are told. */
const mostAlike = 4
const mostProblems = 60
/** One latency of so many is kept. */
const everyLatency = 8

export class Tally {
  published = 0
  acknowledged = 0
  deliveries = 0
  opened = 0
  /** Rooms that somebody came back to with a position. */
  resumed = 0
  recovered = 0
  /** Rooms of which somebody was told, rightly, that what they missed is gone. */
  told = 0
  entered = 0
  left = 0
  duplicates = 0
  /** Since the beginning. */
  wrong = 0
  #latencies: number[] = []
  readonly #problems: string[] = []
  readonly #alike = new Map<string, number>()

  problem(text: string): void {
    this.wrong++
    const alike = text.replace(/[\d{[].*/s, '')
    const count = (this.#alike.get(alike) ?? 0) + 1
    if (this.#alike.size < mostProblems) this.#alike.set(alike, count)
    if (count <= mostAlike && this.#problems.length < mostProblems) {
      this.#problems.push(`${new Date().toISOString()} ${text}`)
    }
  }

  get problems(): readonly string[] {
    const counts = [...this.#alike].map(([alike, count]) => `${count} times: ${alike}…`)
    return [...this.#problems, ...counts]
  }

  delivered(ms: number): void {
    if (this.deliveries++ % everyLatency === 0) this.#latencies.push(ms)
  }

  /** Begins anew, but for what was wrong. */
  take() {
    const { published, acknowledged, deliveries, opened, resumed, recovered, told, entered, left, duplicates } = this
    const sorted = Float64Array.from(this.#latencies).sort()
    Object.assign(this, {
      published: 0,
      acknowledged: 0,
      deliveries: 0,
      opened: 0,
      resumed: 0,
      recovered: 0,
      told: 0,
      entered: 0,
      left: 0,
      duplicates: 0,
    })
    this.#latencies = []
    const counts = { published, acknowledged, deliveries, opened, resumed, recovered, told, entered, left, duplicates }
    return { ...counts, wrong: this.wrong, problems: this.problems, sorted }
  }
}
