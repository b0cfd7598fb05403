/** How many letters went each way about one link: they are numbered, so that one that was lost leaves a hole. */
export class Tally {
  #sent = 0
  #received = 0
  #reported = 0

  /** The number of the letter that is sent now. */
  next(): number {
    return ++this.#sent
  }

  get received(): number {
    return this.#received
  }

  /** Whether it is the one after the last. */
  takes(n: number): boolean {
    if (n !== this.#received + 1) return false
    this.#received = n
    return true
  }

  /** How many were sent, if any was since this was asked last. */
  report(): number | undefined {
    if (this.#sent === this.#reported) return undefined
    this.#reported = this.#sent
    return this.#sent
  }
}
