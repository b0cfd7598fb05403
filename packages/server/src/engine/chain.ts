/**
 * Things in the order in which they were last used, linked to their neighbours: adding, removing and finding the oldest
 * take the same time however many there are. (A Map keeps an order too, but its first entry hides behind all deleted ones.)
 */

/** What can be in one chain at a time carries these; they are the chain's to write. */
export type Linked<T> = { older: T | undefined; newer: T | undefined }

export class Chain<T extends Linked<T>> {
  #oldest: T | undefined
  #newest: T | undefined

  get oldest(): T | undefined {
    return this.#oldest
  }

  /** As the newest. It must not be in a chain. */
  add(item: T): void {
    item.older = this.#newest
    if (this.#newest) this.#newest.newer = item
    else this.#oldest = item
    this.#newest = item
  }

  /** It must be in this chain. */
  remove(item: T): void {
    const { older, newer } = item
    if (older) older.newer = newer
    else this.#oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
    item.older = undefined
    item.newer = undefined
  }

  /** Makes what is in this chain its newest. */
  touch(item: T): void {
    if (this.#newest === item) return
    this.remove(item)
    this.add(item)
  }
}
