/** The port of the cache and its counters: small values by key, one tenant's at a time. Embedded now; Redis when it is configured. */
import type { Json } from '@fanfare/protocol'

export type Expiry = { readonly ttlMs?: number }

/** Values and counters share their keys: a counter is a number that `get` reads and `delete` ends. */
export type TenantCache = {
  get(key: string): Promise<Json | undefined>
  /** Without `ttlMs` the value stays until it is deleted, whatever it had before. */
  set(key: string, value: Json, expiry?: Expiry): Promise<void>
  /** Whether there was a value. */
  delete(key: string): Promise<boolean>
  /**
   * Adds atomically and returns the sum; a counter begins at 0. `ttlMs` counts from the first increment.
   *
   * @throws FanfareError `invalid_payload` when the key holds something else than a number
   */
  increment(key: string, by?: number, expiry?: Expiry): Promise<number>
  /** 0 for a counter that is not there. @throws as `increment` does */
  count(key: string): Promise<number>
}

/** What is written is acknowledged once it outlives the process. Every verb @throws FanfareError `unavailable`, `bad_name`. */
export type Cache = {
  start(): Promise<() => Promise<void>>
  of(tenantId: string): TenantCache
}
