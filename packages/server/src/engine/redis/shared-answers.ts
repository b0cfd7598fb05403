/** Lets many who ask the same at once share one answer. Nobody is given what was asked for before they came: they may know of later. */
type Asking<Answer> = { readonly running: Promise<Answer>; next: Promise<Answer> | undefined }

export class SharedAnswers<Answer> {
  readonly #asking = new Map<string, Asking<Answer>>()

  /** At most one work of a name at a time, and one that begins after it for all who came meanwhile. @throws what the work throws */
  ask(name: string, work: () => Promise<Answer>): Promise<Answer> {
    const asking = this.#asking.get(name)
    if (!asking) return this.#begin(name, work)
    const begin = () => this.#begin(name, work)
    asking.next ??= asking.running.then(begin, begin)
    return asking.next
  }

  #begin(name: string, work: () => Promise<Answer>): Promise<Answer> {
    const asking: Asking<Answer> = { running: work(), next: undefined }
    this.#asking.set(name, asking)
    const end = () => {
      if (this.#asking.get(name) === asking && !asking.next) this.#asking.delete(name)
    }
    asking.running.then(end, end)
    return asking.running
  }
}
