/** The idempotency keys of one room in memory, each with the first result, for as long as the window lasts. */
import type { Published } from '../room-log.ts'

type Recent = { readonly published: Published; readonly at: number }

export class RecentKeys {
  /** In the order of publishing, which is the order of expiry too. */
  readonly #recent = new Map<string, Recent>()

  get size(): number {
    return this.#recent.size
  }

  find(key: string, since: number): Published | undefined {
    const recent = this.#recent.get(key)
    return recent !== undefined && recent.at > since ? recent.published : undefined
  }

  add(key: string, published: Published, at: number): void {
    this.#recent.delete(key)
    this.#recent.set(key, { published, at })
  }

  expire(since: number): void {
    for (const [key, { at }] of this.#recent) {
      if (at > since) return
      this.#recent.delete(key)
    }
  }
}
