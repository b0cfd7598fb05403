/**
 * Many small changes as few transactions: what a tenant's callers ask for while a batch of theirs is under way goes together
 * into the next. Answers each by itself; one that cannot be done does not take the others with it.
 */
import { FanfareError } from '@fanfare/protocol'
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Change, Store } from './store.ts'

export type BatchOptions<Item, Result> = {
  readonly store: Store
  /** What one item may not do is its result, not an error: what is thrown undoes the batch, and each is then tried alone. */
  readonly run: (change: Change, items: readonly Item[], tenantId: string) => Promise<readonly Result[]>
  /**
   * Items of different lanes go in different batches, which may be under way at once: only where they cannot be in each
   * other's way. @default all in one
   */
  readonly lane?: (item: Item) => number
  /** Of one batch. @default 200 */
  readonly most?: number
  /** Of one tenant, waiting in one lane; more are refused with `overloaded`. @default 10000 */
  readonly waiting?: number
}

export type Batches<Item, Result> = {
  /** @throws FanfareError `overloaded`, `unavailable` */
  add(tenantId: string, item: Item): Promise<Result>
}

const defaults = { most: 200, waiting: 10_000, lane: () => 0 }

export const createBatches = <Item, Result>(options: BatchOptions<Item, Result>): Batches<Item, Result> => {
  const settings = { ...defaults, ...options }
  const queues = new Map<string, TenantQueue<Item, Result>>()
  return {
    add(tenantId, item) {
      const name = `${settings.lane(item)} ${tenantId}`
      const known = queues.get(name)
      const queue = known ?? new TenantQueue(tenantId, settings, () => queues.delete(name))
      if (known === undefined) queues.set(name, queue)
      return queue.add(item)
    },
  }
}

type Waiting<Item, Result> = { readonly item: Item; readonly answer: Deferred<Result> }

/** Of one tenant and lane, for as long as it has something to do. */
class TenantQueue<Item, Result> {
  readonly #tenantId: string
  readonly #options: Required<BatchOptions<Item, Result>>
  readonly #onEmpty: () => void
  #waiting: Waiting<Item, Result>[] = []
  #state: 'idle' | 'at work' = 'idle'

  constructor(tenantId: string, options: Required<BatchOptions<Item, Result>>, onEmpty: () => void) {
    this.#tenantId = tenantId
    this.#options = options
    this.#onEmpty = onEmpty
  }

  async add(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.#options.waiting) {
      throw new FanfareError('overloaded', 'Too many changes of this tenant wait to be kept; come back in a moment.')
    }
    const answer = deferred<Result>()
    this.#waiting.push({ item, answer })
    if (this.#state === 'idle') void this.#work()
    return answer.promise
  }

  async #work(): Promise<void> {
    this.#state = 'at work'
    while (this.#waiting.length > 0) {
      // SQLite's changes run without letting anybody else in: what came in meanwhile is let in here, to go along.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const batch = this.#waiting.slice(0, this.#options.most)
      this.#waiting = this.#waiting.slice(batch.length)
      const alongside = this.#waiting.length
      const away = await this.#together(batch)
      // Each batch may wait long for a store that is away: whoever has waited as long is not to wait for another.
      if (away) for (const { answer } of this.#waiting.splice(0, alongside)) answer.reject(away)
    }
    this.#state = 'idle'
    this.#onEmpty()
  }

  /** Settles every answer; never throws. @returns why the store cannot be used, if that is so */
  async #together(batch: readonly Waiting<Item, Result>[]): Promise<FanfareError | undefined> {
    try {
      const results = await this.#run(batch.map(({ item }) => item))
      batch.forEach(({ answer }, index) => {
        answer.resolve(results[index]!)
      })
      return undefined
    } catch (error) {
      // A store that is away is so for each of them too.
      const away = error instanceof FanfareError && error.code === 'unavailable' ? error : undefined
      if (away || batch.length === 1) for (const { answer } of batch) answer.reject(error)
      else return this.#apart(batch)
      return away
    }
  }

  async #apart(batch: readonly Waiting<Item, Result>[]): Promise<FanfareError | undefined> {
    let away: FanfareError | undefined
    for (const one of batch) {
      if (away) one.answer.reject(away)
      else away = await this.#together([one])
    }
    return away
  }

  async #run(items: readonly Item[]): Promise<readonly Result[]> {
    const { store, run } = this.#options
    const results = await store.of(this.#tenantId).change((change) => run(change, items, this.#tenantId))
    if (results.length === items.length) return results
    throw new FanfareError('internal', `A batch of ${items.length} gave ${results.length} results.`)
  }
}
