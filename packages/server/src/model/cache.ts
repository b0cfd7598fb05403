/** The port of the cache and its counters: small values by key, one tenant's at a time. Embedded now; Redis when it is configured. */
import type { Json } from '@fanfare/protocol'

export type Expiry = { readonly ttlMs?: number }

export type TenantCache = {
  get(key: string): Promise<Json | undefined>
  set(key: string, value: Json, expiry?: Expiry): Promise<void>
  delete(key: string): Promise<boolean>
  /** Adds atomically and returns the sum; a counter begins at 0. `ttlMs` counts from the first increment. */
  increment(key: string, by?: number, expiry?: Expiry): Promise<number>
  /** 0 for a counter that is not there. */
  count(key: string): Promise<number>
}

export type Cache = {
  start(): Promise<() => Promise<void>>
  of(tenantId: string): TenantCache
}
