/** What clients say to the inbox and hear of it: schemas. Pure. */
import type {
  NewNotification,
  Notification,
  NotificationCount,
  NotificationPage,
  NotificationPreferences,
  NotificationState,
} from '@fanfare/protocol'
import { z } from 'zod'
import { inboxLimits } from './settings.ts'

const text = z.string()
const stateName = z.enum(['unseen', 'seen', 'read', 'archived']) satisfies z.ZodType<NotificationState>

const notification: z.ZodType<Notification> = z.object({
  id: text,
  userId: text,
  kind: text,
  title: text,
  message: text,
  data: z.json().optional(),
  state: stateName,
  count: z.number().int().positive(),
  createdAt: z.iso.datetime(),
}) as z.ZodType<Notification>

const count: z.ZodType<NotificationCount> = z.object({
  unseen: z.number().int().nonnegative(),
  unread: z.number().int().nonnegative(),
  version: z.number().int().nonnegative(),
})

export const markNames = ['seen', 'read', 'archived', 'unread'] as const

/** The events of `inbox:{userId}`. Each has the count as it is after it. */
export const inboxEvents = {
  'notification.created': z.object({ notification, count }),
  /** Those named are `state` now; or all have been marked `as`, which leaves the archive alone. */
  'notification.updated': z.union([
    z.object({ ids: z.array(text), state: stateName, count }),
    z.object({ all: z.literal(true), as: z.enum(markNames), count }),
  ]),
  'notification.count': z.object({ count }),
}

export const pageAsked = z.object({
  before: text.max(64).optional(),
  limit: z.number().int().min(1).max(inboxLimits.page).optional(),
  states: z.array(stateName).min(1).max(4).optional(),
})

export const nothing = z.object({}).optional()

export const markAsked = z.object({
  as: z.enum(markNames),
  ids: z.union([z.literal('all'), z.array(text.max(64)).max(inboxLimits.ids)]),
})

export const topicAsked = z.object({ topic: text.min(1).max(inboxLimits.topic) })

const way = z.object({ inbox: z.boolean(), push: z.boolean(), digestMs: z.number().int().optional() })

export const preferences: z.ZodType<NotificationPreferences> = z.object({
  kinds: z.record(text.min(1).max(inboxLimits.kind), way),
  quiet: z.object({ from: text, to: text, timeZone: text.max(64) }).optional(),
}) as z.ZodType<NotificationPreferences>

export const pushAsked = z.object({
  subscription: z
    .object({
      endpoint: text.max(inboxLimits.endpoint),
      keys: z.object({ p256dh: text.max(256), auth: text.max(256) }),
    })
    .optional(),
})

export const endpointAsked = z.object({ endpoint: text.max(inboxLimits.endpoint) })

/** Of servers: the sizes are told apart from the shape, as for the application's own code. */
export const notificationsAsked: z.ZodType<{ readonly notifications: readonly NewNotification[] }> = z.object({
  notifications: z
    .array(
      z.object({
        to: z.union([
          z.strictObject({ userId: text }),
          z.strictObject({ topic: text }),
          z.strictObject({ role: text }),
        ]),
        kind: text,
        title: text,
        message: text.optional(),
        data: z.json().optional(),
        key: text.optional(),
      }),
    )
    .max(inboxLimits.notifications),
}) as z.ZodType<{ readonly notifications: readonly NewNotification[] }>

export const notified = z.object({ notified: z.number().int() })

/** In an address every value is a text. */
export const pageInQuery = z.object({
  before: text.max(64).optional(),
  limit: z.coerce.number().int().min(1).max(inboxLimits.page).optional(),
  states: z
    .string()
    .max(64)
    .transform((list) => list.split(','))
    .pipe(z.array(stateName).max(4))
    .optional(),
})

export const page: z.ZodType<NotificationPage> = z.object({
  notifications: z.array(notification),
  count,
  before: text.optional(),
}) as z.ZodType<NotificationPage>
