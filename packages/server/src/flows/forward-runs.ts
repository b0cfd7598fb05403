/** Offsets of one room as runs: what was taken in hand, and what of it is done. Small, because almost all comes in order. */

type Span = { from: number; to: number }

export class Runs {
  readonly #spans: Span[] = []

  get isEmpty(): boolean {
    return this.#spans.length === 0
  }

  get first(): Readonly<Span> | undefined {
    return this.#spans[0]
  }

  has(offset: number): boolean {
    return this.#spans.some(({ from, to }) => offset >= from && offset <= to)
  }

  add(offset: number): void {
    const spans = this.#spans
    // Mostly it comes right after the last.
    let index = spans.length
    while (index > 0 && spans[index - 1]!.from > offset) index--
    const before = spans[index - 1]
    const after = spans[index]
    if (before && offset <= before.to) return
    if (before?.to === offset - 1) {
      before.to = offset
      if (after?.from === offset + 1) {
        before.to = after.to
        spans.splice(index, 1)
      }
    } else if (after?.from === offset + 1) after.from = offset
    else spans.splice(index, 0, { from: offset, to: offset })
  }

  /** All up to and with this offset. */
  removeUpTo(offset: number): void {
    while (this.#spans[0] && this.#spans[0].to <= offset) this.#spans.shift()
    const first = this.#spans[0]
    if (first && first.from <= offset) first.from = offset + 1
  }
}
