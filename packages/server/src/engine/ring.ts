/** The newest events of one log in memory: appended at the top, trimmed at the bottom, found by arithmetic. */
import type { RoomEvent } from '@fanfare/protocol'

/** An event and its size as JSON in UTF-8; 0 until somebody asked. */
export type Sized = { readonly event: RoomEvent; bytes: number }

export type Entry = Sized & {
  /** When it was appended, ms since 1970. */
  readonly at: number
  /** What it counts for where memory is bounded. */
  readonly weight: number
}

/** As long as what is trimmed stays below half of the array, it waits: appending and trimming are O(1) over time. */
const compactFrom = 32

export class Ring {
  /** The offset of the newest event, kept or not. */
  top: number
  #entries: (Entry | undefined)[] = []
  #head = 0
  #weight = 0

  constructor(top = 0) {
    this.top = top
  }

  get length(): number {
    return this.#entries.length - this.#head
  }

  /** Of all that is kept. */
  get weight(): number {
    return this.#weight
  }

  /** The lowest offset that is kept; `top + 1` when none is. */
  get first(): number {
    return this.top - this.length + 1
  }

  get oldest(): Entry | undefined {
    return this.#entries[this.#head]
  }

  at(offset: number): Entry | undefined {
    return offset < this.first ? undefined : this.#entries[this.#head + offset - this.first]
  }

  /** The entry's offset must be `top + 1` (I1). */
  append(entry: Entry): void {
    this.top++
    this.#entries.push(entry)
    this.#weight += entry.weight
  }

  /** The last entry's offset must be `first - 1` (I1). */
  prepend(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries.slice(this.#head)]
    this.#head = 0
    for (const { weight } of entries) this.#weight += weight
  }

  /** Counts an event that is not kept. */
  skip(): void {
    this.reset(this.top + 1)
  }

  /** Keeps the newest `keep` of those that came after `since`. */
  trim(keep: number, since: number): void {
    while (this.length > keep || (this.oldest !== undefined && this.oldest.at <= since)) this.shift()
  }

  /** Lets the oldest go. */
  shift(): Entry | undefined {
    const oldest = this.oldest
    if (oldest === undefined) return undefined
    this.#weight -= oldest.weight
    this.#entries[this.#head++] = undefined
    if (this.#head >= compactFrom && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return oldest
  }

  /** Forgets what is kept and goes on from `top`. */
  reset(top: number): void {
    this.top = top
    if (this.#entries.length > 0) this.#entries = []
    this.#head = 0
    this.#weight = 0
  }
}

/** The entries from one end of the span to the other, both kept by the ring. */
export function* walk(
  ring: Ring,
  span: { readonly from: number; readonly to: number; readonly forwards: boolean },
): Generator<Entry> {
  const { from, to, forwards } = span
  const step = forwards ? 1 : -1
  for (let offset = forwards ? from : to; offset >= from && offset <= to; offset += step) yield ring.at(offset)!
}
