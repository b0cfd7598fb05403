/** Lets work on one thing be done one after another, in the order in which it was asked for; other things do not wait. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** @throws what the work throws; the next goes on all the same */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const turn = before ? before.then(work, work) : work()
    this.#last.set(name, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name)
    }
  }
}
