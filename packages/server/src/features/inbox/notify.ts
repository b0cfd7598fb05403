/** Notifies: a few in the change itself, many by a task that the change leaves behind. */
import { FanfareError, type NewNotification } from '@fanfare/protocol'
import { createBatches } from '../../store/batches.ts'
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

export type Notify = (
  tenantId: string,
  notifications: readonly CheckedNotification[],
) => Promise<{ readonly notified: number }>

/** Calls with more than so many go by themselves, the others together. */
const fewAtOnce = 20

/** Resolves once they are kept, or the task that brings them is. @throws FanfareError `too_large`, `overloaded`, `unavailable` */
export const createNotify = (parts: InboxParts): Notify => {
  const together = createBatches<readonly CheckedNotification[], number>({
    store: parts.store,
    most: 100,
    run: (change, calls) => notifyAll({ change, parts }, calls),
  })
  return async (tenantId, notifications) => {
    if (notifications.length === 0) return { notified: 0 }
    if (notifications.length <= fewAtOnce) return { notified: await together.add(tenantId, notifications) }
    return { notified: await changeInbox(parts, tenantId, (within) => notifyIn(within, notifications)) }
  }
}

/** In a change that is under way. @returns how many users it is for, whatever they prefer */
export const notifyIn = async (within: InboxChange, notifications: readonly CheckedNotification[]): Promise<number> => {
  const [count] = await notifyAll(within, [notifications])
  return count!
}

/** What goes at once, of several calls, and how many more users that may be of topics and roles. */
type Gathering = { readonly deliveries: Delivery[]; room: number }

const notifyAll = async (
  within: InboxChange,
  calls: readonly (readonly CheckedNotification[])[],
): Promise<readonly number[]> => {
  const gathering: Gathering = { deliveries: [], room: inboxLimits.atOnce }
  const counts: number[] = []
  for (const notifications of calls) {
    let count = 0
    for (const notification of notifications) count += await address(within, notification, gathering)
    counts.push(count)
  }
  await deliver(within, gathering.deliveries)
  return counts
}

/** @returns for how many users it is */
const address = async (
  within: InboxChange,
  notification: CheckedNotification,
  gathering: Gathering,
): Promise<number> => {
  const { to, kind, content, key } = notification
  const many = manyOf(to)
  if (many === undefined) {
    if ('userId' in to) gathering.deliveries.push({ userId: to.userId, kind, content, key })
    return 1
  }
  const users = await pageOf(within.change.rows, many, { after: '', limit: gathering.room + 1 })
  if (users.length > gathering.room) return leaveTask(within, notification, many)
  gathering.room -= users.length
  for (const userId of users) gathering.deliveries.push({ userId, kind, content, key })
  return users.length
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
