/** What the application's own code can do with the audit: `context.audit`. Shapes, and where they are merged into the application's types. */
import type { Duration } from '../../app/duration.ts'
import type { AuditAction, AuditEntry } from '../../model/audit.ts'

export type AuditOptions = {
  /** Connections, subscriptions and readings too, not only what changes something. @default true */
  readonly reads?: boolean
  /** How often the end of the chain is signed, beside every so many entries. @default '1h' */
  readonly checkpoint?: Duration
  /** @default 10000 */
  readonly checkpointEntries?: number
}

/** One of ours, or the application's own: small letters, digits and hyphens, with dots between. */
export type AnyAction = AuditAction | `${string}.${string}`

export type OwnEntry = Omit<AuditEntry, 'tenantId' | 'action'> & { readonly action: AnyAction }

/** One link of a tenant's chain. */
export type AuditRow = OwnEntry & {
  readonly tenantId: string
  /** From 1, rising by 1. */
  readonly number: number
  readonly at: number
  /** SHA-256 over the hash before and all that stands in the row, in hex. */
  readonly hash: string
}

export type AuditApi = {
  /** Of the application's own doing. Resolves once it is kept. @throws FanfareError `unavailable`, `invalid_payload` */
  record(entry: OwnEntry): Promise<void>
  /** Oldest first. */
  list(page?: { readonly after?: number; readonly limit?: number }): Promise<readonly AuditRow[]>
}

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly audit?: AuditOptions | false
  }
  interface FeatureApis {
    readonly audit: AuditApi
  }
}
