/** What the application's own code can do with the inbox: `context.inbox`. Shapes, and where they are merged into the application's types. */
import type {
  NewNotification,
  Notification,
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

/** `unread` takes back `read`, and out of the archive what is named. */
export type Mark = Exclude<NotificationState, 'unseen'> | 'unread'

export type MarkRequest = {
  readonly userId: string
  readonly as: Mark
  /** One, many (at most 1,000), or all that there are now. */
  readonly ids: readonly string[] | 'all'
}

export type PageAsked = {
  /** `before` of the page that came before. */
  readonly before?: string
  /** 1 to 100. @default 30 */
  readonly limit?: number
  /** @default all but archived */
  readonly states?: readonly NotificationState[]
}

/** A browser's push subscription, as `PushSubscription.toJSON()` gives it. */
export type PushSubscription = {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

export type InboxApi = {
  /** Resolves once they are kept. @throws FanfareError `invalid_payload`, `too_large`, `unavailable` */
  notify(...notifications: readonly NewNotification[]): Promise<{ readonly notified: number }>
  list(userId: string, page?: PageAsked): Promise<NotificationPage>
  count(userId: string): Promise<NotificationCount>
  mark(request: MarkRequest): Promise<NotificationCount>
  subscribe(userId: string, topic: string): Promise<void>
  unsubscribe(userId: string, topic: string): Promise<void>
  topics(userId: string): Promise<readonly string[]>
  /** The roles by which notifications find the user; replaces those before. Also learned from the token whenever the user connects. */
  setRoles(userId: string, roles: readonly string[]): Promise<void>
  preferences(userId: string): Promise<NotificationPreferences>
  setPreferences(userId: string, preferences: NotificationPreferences): Promise<void>
  /** By which browsers subscribe (`applicationServerKey`); undefined where Web Push is off. */
  pushKey(): string | undefined
  /** @throws FanfareError `not_found` where Web Push is off, `invalid_payload` */
  addPush(userId: string, subscription: PushSubscription): Promise<void>
  removePush(userId: string, endpoint: string): Promise<void>
}

/** What happened, with the count as it is after it. */
export type NotificationCreated = { readonly notification: Notification; readonly count: NotificationCount }
export type NotificationUpdated =
  | { readonly ids: readonly string[]; readonly state: NotificationState; readonly count: NotificationCount }
  /** All that are not archived were marked so. */
  | { readonly all: true; readonly as: Mark; readonly count: NotificationCount }

type Said<Data> = { readonly input: Data; readonly output: Data }
type Asked<Input, Output> = { readonly input: Input; readonly output: Output }
type Nothing = { readonly [name: string]: never } | undefined

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly inbox?: InboxOptions | false
  }
  interface FeatureApis {
    readonly inbox: InboxApi
  }
  interface FeatureRooms {
    readonly 'inbox:{userId}': {
      readonly 'notification.created': Said<NotificationCreated>
      readonly 'notification.updated': Said<NotificationUpdated>
      /** Old ones went away. */
      readonly 'notification.count': Said<{ readonly count: NotificationCount }>
    }
  }
  interface FeatureCommands {
    readonly 'inbox:list': Asked<PageAsked, NotificationPage>
    readonly 'inbox:count': Asked<Nothing, NotificationCount>
    readonly 'inbox:mark': Asked<Omit<MarkRequest, 'userId'>, NotificationCount>
    readonly 'inbox:subscribe': Asked<{ readonly topic: string }, null>
    readonly 'inbox:unsubscribe': Asked<{ readonly topic: string }, null>
    readonly 'inbox:topics': Asked<Nothing, { readonly topics: readonly string[] }>
    readonly 'inbox:preferences': Asked<Nothing, NotificationPreferences>
    readonly 'inbox:prefer': Asked<NotificationPreferences, null>
    /** `publicKey` is null where Web Push is off; without a subscription it is only asked for. */
    readonly 'inbox:push': Asked<{ readonly subscription?: PushSubscription }, { readonly publicKey: string | null }>
    readonly 'inbox:unpush': Asked<{ readonly endpoint: string }, null>
  }
}
