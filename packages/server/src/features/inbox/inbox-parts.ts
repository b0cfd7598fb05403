/** What the verbs of the inbox work with. Shapes only; `inbox.ts` puts them together. */
import type { Clock } from '../../lib/clock.ts'
import type { Ids } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import type { Change, Store } from '../../store/store.ts'
import type { RoleReads } from './role-reads.ts'
import type { InboxSettings } from './settings.ts'

export type InboxParts = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly settings: InboxSettings
  readonly roles: RoleReads
  /** Whether anything is ever pushed. */
  readonly pushes: boolean
}

/** A change of one tenant's inboxes. */
export type InboxChange = { readonly change: Change; readonly parts: InboxParts }

/** Runs it as one transaction. @throws FanfareError `unavailable`, what `work` throws */
export const changeInbox = <Result>(
  parts: InboxParts,
  tenantId: string,
  work: (within: InboxChange) => Promise<Result>,
): Promise<Result> => parts.store.of(tenantId).change((change) => work({ change, parts }))
