/**
 * The contract of a feature: a vertical slice (rooms, commands, events, reactions, routes, tables, metrics) that speaks with the
 * rest only through what it is given here, and never with another feature. To delete one, delete its folder and its line in
 * `features.ts`.
 */

import type { NewNotification } from '@fanfare/protocol'
import type { AppContext, FeatureContext } from '../app/context.ts'
import type { FeatureDescription } from '../app/feature-description.ts'
import type { FeatureApis, FeatureOptions } from '../app/features.ts'
import type { GreetedSession } from '../flows/open-features.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { OwnMetrics } from '../lib/metrics.ts'
import type { Audit, AuditEntry } from '../model/audit.ts'
import type { Change, Store } from '../store/store.ts'
import type { Schema } from '../store/tables.ts'

export type FeatureName = keyof FeatureApis & keyof FeatureOptions

/**
 * What one feature offers the others, who know only this. Absent where the feature is off; asked for when it is used, since
 * features open one after another.
 */
export type Offers = {
  /** Notifies in the change that caused it. */
  readonly notify: { in(change: Change, tenantId: string, notifications: readonly NewNotification[]): Promise<void> }
  /** What `services.audit` of features and verbs goes to; and `in`, which keeps entries in the change that they tell of: its last step, because the tenant's chain is locked from then on. */
  readonly audit: Audit & { in(change: Change, entries: readonly AuditEntry[]): Promise<void> }
}

/** Settings of the node that features read; see `config.ts`. */
export type FeatureSettings = {
  readonly mode: 'development' | 'production'
  /** Web Push: the key pair by which push services know us, and whom they may write to. */
  readonly vapid: { readonly publicKey: string; readonly privateKey: string; readonly subject: string } | undefined
  /** Signs checkpoints of the audit. */
  readonly auditKey: Uint8Array
  /** A file to which checkpoints of the audit are appended, best on another machine's disk. */
  readonly auditCheckpoints: string | undefined
}

/** All that a feature has. */
export type FeatureServices = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** Named `fanfare_<feature>_…`. */
  readonly metrics: OwnMetrics
  readonly settings: FeatureSettings
  readonly audit: Audit
  offer<Name extends keyof Offers>(name: Name, offered: Offers[Name]): void
  find<Name extends keyof Offers>(name: Name): Offers[Name] | undefined
  /** The verbs of an application, inside one tenant. */
  of(tenantId: string): AppContext
  /** Whether the user has a session anywhere; of other nodes as it was a second or two ago. @throws FanfareError `unavailable` */
  isOnline(tenantId: string, userId: string): Promise<boolean>
  /**
   * Of these users, those who are online and since when, ms since 1970: over all nodes, and until `user.offline` would be told,
   * so a while longer than they have a session. Known only where the feature itself listens to `user.offline`; of who came
   * to another node just now, not yet.
   * @throws FanfareError `unavailable`
   */
  heldSince(tenantId: string, userIds: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** When the newest session of a user began that is on this node, ms since 1970; undefined where there is none. */
  hereSince(tenantId: string, userId: string): number | undefined
  /** Resolves once `heldSince` knows, on every node, of all who came to this one so far, or they could not be held now. */
  untilHeld(): Promise<void>
  /** Whether the application has a reaction to this type of event. */
  isReactedTo(event: string): boolean
  /** Whether any session of the user, here or elsewhere, is subscribed in the room. @throws FanfareError `unavailable` */
  isIn(tenantId: string, userId: string, room: string): Promise<boolean>
  /**
   * What rules would say of this user has changed: their subscriptions are weighed again, on every node, and those that fall
   * short end. Resolves once every node has been told. @throws FanfareError `unavailable`
   */
  reweigh(tenantId: string, userId: string): Promise<void>
}

export type OpenedFeature<Api> = {
  /** On behalf of the application, inside the context's tenant; cheap, because it is made for each context that asks. */
  api(context: FeatureContext): Api
  /** A session opened, and was greeted: nobody waits for it, and what it throws is logged. */
  connected?(session: GreetedSession): void | Promise<void>
  /** Ends timers and waits for what runs. */
  stop(): Promise<void>
}

/** One feature. `Options` are checked by `describe`, which runs when the application is defined and opens nothing. */
export type Feature<Name extends FeatureName = FeatureName> = {
  readonly name: Name
  /** @throws Error that says which option is wrong, beginning with its name; AggregateError with one for each */
  readonly describe: (options: Exclude<NonNullable<FeatureOptions[Name]>, false>) => FeatureDescription
  readonly schema: Schema
  /** With `settings.auditKey`: where there is none it is off. */
  readonly signs?: true
  readonly open: (
    services: FeatureServices,
    options: Exclude<NonNullable<FeatureOptions[Name]>, false>,
  ) => Promise<OpenedFeature<FeatureApis[Name]>>
}

/** Any of those that there are. */
export type AnyFeature = { readonly [Name in FeatureName]: Feature<Name> }[FeatureName]
