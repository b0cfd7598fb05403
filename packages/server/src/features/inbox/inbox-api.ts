/** What the application's own code can do with the inbox: `context.inbox`. Shapes, and where they are merged into the application's types. */
import type {
  NewNotification,
  NotificationCount,
  NotificationPage,
  NotificationPreferences,
  NotificationState,
} from '@fanfare/protocol'
import type { Duration } from '../../app/duration.ts'
import type { User } from '../../model/identity.ts'

export type InboxOptions = {
  /** Which topics a user may follow by their own command. @default none: the application subscribes them */
  readonly topic?: (asked: { readonly user: User; readonly topic: string }) => boolean | Promise<boolean>
  /** Where a user has said nothing. @default every kind in the inbox, with push, no digest */
  readonly preferences?: NotificationPreferences
  /** How long a notification is kept. @default '90d' */
  readonly keep?: Duration
  /** Followers of one topic, and users of one role, that one notification may reach. @default 10000 */
  readonly reach?: number
  /** Notifications kept for each user; the oldest go. @default 10000 */
  readonly perUser?: number
}

export type MarkRequest = {
  readonly userId: string
  readonly as: Exclude<NotificationState, 'unseen'> | 'unread'
  /** One, many (at most 1,000), or all that there are now. */
  readonly ids: readonly string[] | 'all'
}

/** A browser's push subscription, as `PushSubscription.toJSON()` gives it. */
export type PushSubscription = {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

export type InboxApi = {
  /** Resolves once they are kept. @throws FanfareError `invalid_payload`, `too_large`, `unavailable` */
  notify(...notifications: readonly NewNotification[]): Promise<{ readonly notified: number }>
  list(
    userId: string,
    page?: { readonly before?: string; readonly limit?: number; readonly states?: readonly NotificationState[] },
  ): Promise<NotificationPage>
  count(userId: string): Promise<NotificationCount>
  mark(request: MarkRequest): Promise<NotificationCount>
  subscribe(userId: string, topic: string): Promise<void>
  unsubscribe(userId: string, topic: string): Promise<void>
  topics(userId: string): Promise<readonly string[]>
  /** The roles by which notifications find the user; replaces those before. Also learned from the token whenever the user connects. */
  setRoles(userId: string, roles: readonly string[]): Promise<void>
  preferences(userId: string): Promise<NotificationPreferences>
  setPreferences(userId: string, preferences: NotificationPreferences): Promise<void>
  addPush(userId: string, subscription: PushSubscription): Promise<void>
  removePush(userId: string, endpoint: string): Promise<void>
}

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly inbox?: InboxOptions | false
  }
  interface FeatureApis {
    readonly inbox: InboxApi
  }
}
