/**
 * Many small changes as few transactions: what a tenant's callers ask for while a batch of theirs is under way goes together
 * into the next. Answers each by itself; one that cannot be done does not take the others with it.
 */
import type { Change, Store } from './store.ts'

export type BatchOptions<Item, Result> = {
  readonly store: Store
  /** What one item may not do is its result, not an error: what is thrown undoes the batch, and each is then tried alone. */
  readonly run: (change: Change, items: readonly Item[], tenantId: string) => Promise<readonly Result[]>
  /** Of one batch. @default 200 */
  readonly most?: number
  /** Of one tenant, waiting; more are refused with `overloaded`. @default 10000 */
  readonly waiting?: number
}

export type Batches<Item, Result> = {
  /** @throws FanfareError `overloaded`, `unavailable` */
  add(tenantId: string, item: Item): Promise<Result>
}
