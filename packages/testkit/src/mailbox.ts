/** What somebody has received and a test has not yet looked at. Waits by being woken, never by sleeping. */

type Waiter<T> = { readonly match: (item: T) => boolean; readonly resolve: (item: T) => void }

export class Mailbox<T> {
  readonly #items: T[] = []
  readonly #waiters = new Set<Waiter<T>>()
  readonly #owner: string

  constructor(owner: string) {
    this.#owner = owner
  }

  /** What was received and not taken, oldest first. */
  get items(): readonly T[] {
    return this.#items
  }

  put(item: T): void {
    for (const waiter of this.#waiters) {
      if (!waiter.match(item)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(item)
      return
    }
    this.#items.push(item)
  }

  /** Takes the oldest item that matches, now or when it comes; rejects after `timeoutMs` with what came instead. */
  take<S extends T>(what: string, match: (item: T) => item is S, timeoutMs?: number): Promise<S>
  take(what: string, match: (item: T) => boolean, timeoutMs?: number): Promise<T>
  take(what: string, match: (item: T) => boolean, timeoutMs = 10_000): Promise<T> {
    const index = this.#items.findIndex(match)
    if (index >= 0) return Promise.resolve(this.#items.splice(index, 1)[0]!)
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        match,
        resolve: (item) => {
          clearTimeout(timer)
          resolve(item)
        },
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        const instead = JSON.stringify(this.#items.slice(-5))
        reject(new Error(`${this.#owner} waited ${timeoutMs} ms for ${what}; the last that came instead: ${instead}`))
      }, timeoutMs)
      this.#waiters.add(waiter)
    })
  }
}
