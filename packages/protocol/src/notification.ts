/** The shapes of the inbox as they go over the wire. Times are ISO 8601, UTC. */
import type { Json } from './json.ts'

/** `unseen` → `seen` (the list was opened) → `read` → `archived`. */
export type NotificationState = 'unseen' | 'seen' | 'read' | 'archived'

export type Notification = {
  readonly id: string
  readonly userId: string
  /** The application's word, such as `mention` or `result_ready`: preferences and digests go by it. */
  readonly kind: string
  readonly title: string
  readonly message: string
  readonly data?: Json
  readonly state: NotificationState
  /** How many it stands for: more than 1 for a digest. */
  readonly count: number
  readonly createdAt: string
}

/** To one user, to all who follow a topic, or to all who have a role. */
export type NotificationTarget = { readonly userId: string } | { readonly topic: string } | { readonly role: string }

export type NewNotification = {
  readonly to: NotificationTarget
  readonly kind: string
  readonly title: string
  readonly message?: string
  readonly data?: Json
  /** With the same key again nobody is notified twice. */
  readonly key?: string
}

/** Absolute, never a difference; a count with a higher `version` replaces one with a lower. */
export type NotificationCount = {
  readonly unseen: number
  readonly unread: number
  readonly version: number
}

export type NotificationPage = {
  readonly notifications: readonly Notification[]
  readonly count: NotificationCount
  /** For `before` of the next request; absent at the end. */
  readonly before?: string
}

/** Where each kind goes. `digest` gathers what comes within so many ms into one. `*` is any kind that is not named. */
export type NotificationPreferences = {
  readonly kinds: {
    readonly [kind: string]: { readonly inbox: boolean; readonly push: boolean; readonly digestMs?: number }
  }
  /** No push between these times of day, `HH:MM` in `timeZone` (IANA); the inbox goes on. */
  readonly quiet?: { readonly from: string; readonly to: string; readonly timeZone: string }
}
