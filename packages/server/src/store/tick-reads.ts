/** What many ask of a tenant in one tick, each about one thing, read with one question. Writes nothing. */
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Rows, Store } from './store.ts'

/** What is known of those that were asked about; of whatever is not in it, nothing. */
export type Answers<Answer> = ReadonlyMap<string, Answer>

export type TickReadsOptions<Answer> = {
  readonly store: Store
  /** Given each name once. */
  readonly read: (rows: Rows, names: readonly string[]) => Promise<Answers<Answer>>
}

type Waiting<Answer> = { readonly names: Set<string>; readonly found: Deferred<Answers<Answer>> }

export class TickReads<Answer> {
  readonly #options: TickReadsOptions<Answer>
  /** Tenant → what is asked in this tick. */
  readonly #waiting = new Map<string, Waiting<Answer>>()

  constructor(options: TickReadsOptions<Answer>) {
    this.#options = options
  }

  /** @throws FanfareError `unavailable` */
  async of(tenantId: string, name: string): Promise<Answer | undefined> {
    const waiting = this.#waiting.get(tenantId) ?? this.#begin(tenantId)
    waiting.names.add(name)
    return (await waiting.found.promise).get(name)
  }

  #begin(tenantId: string): Waiting<Answer> {
    const waiting: Waiting<Answer> = { names: new Set(), found: deferred() }
    this.#waiting.set(tenantId, waiting)
    setImmediate(() => {
      this.#waiting.delete(tenantId)
      const { read, store } = this.#options
      const reading = store.of(tenantId).read((rows) => read(rows, [...waiting.names]))
      reading.then(waiting.found.resolve, waiting.found.reject)
    })
    return waiting
  }
}
