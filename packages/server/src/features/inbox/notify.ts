/** Notifies: a few in the change itself, many by a task that the change leaves behind. */
import { FanfareError, type NewNotification } from '@fanfare/protocol'
import { type CheckedNotification, checkNotification } from './check.ts'
import { sealContent } from './content.ts'
import { deliver } from './deliver.ts'
import { changeInbox, type InboxChange, type InboxParts } from './inbox-parts.ts'
import { inboxLimits } from './settings.ts'
import { type Delivery, type ManyTarget, manyOf, pageOf, sizeOf } from './targets.ts'

/** @throws FanfareError `invalid_payload`, `too_large` */
export const checkAll = (given: readonly NewNotification[]): readonly CheckedNotification[] => {
  if (given.length <= inboxLimits.notifications) return given.map(checkNotification)
  throw new FanfareError('too_large', `At most ${inboxLimits.notifications} notifications at once.`)
}

/** Resolves once they are kept, or the task that brings them is. @throws FanfareError `too_large`, `unavailable` */
export const notify = async (
  parts: InboxParts,
  tenantId: string,
  notifications: readonly CheckedNotification[],
): Promise<{ readonly notified: number }> => {
  if (notifications.length === 0) return { notified: 0 }
  return { notified: await changeInbox(parts, tenantId, (within) => notifyIn(within, notifications)) }
}

/** In a change that is under way. @returns how many users it is for, whatever they prefer */
export const notifyIn = async (within: InboxChange, notifications: readonly CheckedNotification[]): Promise<number> => {
  const deliveries: Delivery[] = []
  let later = 0
  let room = inboxLimits.atOnce
  for (const notification of notifications) {
    const { to, kind, content, key } = notification
    const many = manyOf(to)
    if (many === undefined) {
      if ('userId' in to) deliveries.push({ userId: to.userId, kind, content, key })
      continue
    }
    const users = await pageOf(within.change.rows, many, { after: '', limit: room + 1 })
    if (users.length > room) {
      later += await leaveTask(within, notification, many)
      continue
    }
    room -= users.length
    for (const userId of users) deliveries.push({ userId, kind, content, key })
  }
  await deliver(within, deliveries)
  return deliveries.length + later
}

const leaveTask = async (
  { change, parts }: InboxChange,
  { kind, content, key }: CheckedNotification,
  many: ManyTarget,
): Promise<number> => {
  const count = await sizeOf(change.rows, many, parts.settings.reach)
  const now = parts.clock.now()
  const id = parts.ids(now)
  await change.rows
    .insertInto('inbox_task')
    .values({
      id,
      work: 'spread',
      ...many,
      kind,
      ...sealContent(change.sealer, content, { table: 'inbox_task', id }),
      key: key ?? null,
      after: '',
      due_at: now,
    })
    .execute()
  return count
}
