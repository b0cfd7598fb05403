/** What the inbox does by itself, and when it looks for it. */
import type { FeatureServices } from '../feature.ts'
import { releaseDigests } from './digest.ts'
import { expireKeys, expireNotifications } from './expire.ts'
import type { InboxParts } from './inbox-parts.ts'
import { decidePushes } from './push/decide.ts'
import { type SendParts, sendPushes } from './push/send.ts'
import { stepTasks } from './tasks.ts'
import type { Work } from './worker.ts'

const soonMs = 1_000
const seldomMs = 60_000

export const worksOf = (parts: InboxParts): readonly Work[] => [
  {
    due: { table: 'inbox_digest', column: 'due_at' },
    everyMs: soonMs,
    run: (tenantId) => releaseDigests(parts, tenantId),
  },
  { due: { table: 'inbox_task', column: 'due_at' }, everyMs: soonMs, run: (tenantId) => stepTasks(parts, tenantId) },
  {
    due: { table: 'inbox_notification', column: 'created_at' },
    ageMs: parts.settings.keepMs,
    everyMs: seldomMs,
    run: (tenantId) => expireNotifications(parts, tenantId),
  },
  {
    due: { table: 'inbox_key', column: 'created_at' },
    ageMs: parts.settings.keepMs,
    everyMs: seldomMs,
    run: (tenantId) => expireKeys(parts, tenantId),
  },
]

/** Only where pushes are sent. */
export const pushWorksOf = (parts: SendParts, { isOnline }: Pick<FeatureServices, 'isOnline'>): readonly Work[] => [
  {
    due: { table: 'inbox_waiting', column: 'due_at' },
    everyMs: soonMs,
    run: (tenantId) => decidePushes({ ...parts, isOnline }, tenantId),
  },
  {
    due: { table: 'inbox_sending', column: 'due_at' },
    everyMs: soonMs,
    run: (tenantId) => sendPushes(parts, tenantId),
  },
]
