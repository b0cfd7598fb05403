/** Puts notifications into inboxes: rows, counters, events and what may be pushed, in a few statements for however many users. */
import type { EventDraft } from '../../store/store.ts'
import { roomOf } from './check.ts'
import { type Content, notificationOf, sealContent } from './content.ts'
import { addToUsers, countOf, type Difference, type UserRow } from './counters.ts'
import type { InboxChange } from './inbox-parts.ts'
import { inboxLimits } from './settings.ts'
import { hidden, unseen } from './states.ts'

/** One for one user. `hidden`: it is only pushed. */
export type Arrival = {
  readonly userId: string
  readonly kind: string
  readonly content: Content
  /** How many it stands for. */
  readonly count: number
  readonly hidden: boolean
  readonly push: boolean
}

/** An arrival with its place: `version` is the user's as it comes in, `left` how many of the same call are shown to them after it. */
type Placed = Arrival & { readonly id: string; readonly version: number; readonly left: number; readonly user: UserRow }

/** @param arrivals at most some hundreds */
export const place = async (within: InboxChange, given: readonly Arrival[]): Promise<void> => {
  const { rows } = within.change
  const arrivals = await withoutVain(within, given)
  if (arrivals.length === 0) return
  const now = within.parts.clock.now()
  const users = await addToUsers(rows, differencesOf(arrivals))
  const placed = placeEach(within, arrivals, users)
  await rows
    .insertInto('inbox_notification')
    .values(
      placed.map((one) => ({
        user_id: one.userId,
        id: one.id,
        kind: one.kind,
        ...sealContent(within.change.sealer, one.content, { table: 'inbox_notification', id: one.id }),
        state: one.hidden ? hidden : unseen,
        changed: one.version,
        count: one.count,
        created_at: now,
      })),
    )
    .execute()
  await letPushesWait(within, placed)
  await letTrimsWait(within, [...users.values()])
  await within.change.publish(placed.filter((one) => !one.hidden).map((one) => createdEvent(one, now)))
}

/** What is only pushed is not kept for those who have no browser that takes it. */
const withoutVain = async (
  { change, parts }: InboxChange,
  arrivals: readonly Arrival[],
): Promise<readonly Arrival[]> => {
  const pushedOnly = new Set(arrivals.filter((one) => one.hidden).map(({ userId }) => userId))
  if (pushedOnly.size === 0) return arrivals
  if (!parts.pushes) return arrivals.filter((one) => !one.hidden)
  const reached = await change.rows
    .selectFrom('inbox_user')
    .select('user_id')
    .where('user_id', 'in', [...pushedOnly])
    .where('pushes', '>', 0)
    .execute()
  const ids = new Set(reached.map(({ user_id }) => user_id))
  return arrivals.filter((one) => !one.hidden || ids.has(one.userId))
}

const differencesOf = (arrivals: readonly Arrival[]): ReadonlyMap<string, Difference> => {
  const differences = new Map<string, Required<Omit<Difference, 'pushes'>>>()
  for (const { userId, hidden: isHidden } of arrivals) {
    const before = differences.get(userId) ?? { version: 0, unseen: 0, unread: 0, shown: 0, kept: 0 }
    const shown = before.shown + (isHidden ? 0 : 1)
    differences.set(userId, { version: before.version + 1, unseen: shown, unread: shown, shown, kept: before.kept + 1 })
  }
  return differences
}

/** From the last to the first, for what is known of a user is how they stand after all. */
const placeEach = (
  { parts }: InboxChange,
  arrivals: readonly Arrival[],
  users: ReadonlyMap<string, UserRow>,
): readonly Placed[] => {
  const after = new Map<string, { all: number; shown: number }>()
  const now = parts.clock.now()
  // Newer ones sort after older ones, so ids are made in the order of the arrivals.
  const ids = arrivals.map(() => parts.ids(now))
  return arrivals
    .map((arrival, index) => ({ ...arrival, id: ids[index]! }))
    .reverse()
    .map((arrival) => {
      const user = users.get(arrival.userId)!
      const later = after.get(arrival.userId) ?? { all: 0, shown: 0 }
      after.set(arrival.userId, { all: later.all + 1, shown: later.shown + (arrival.hidden ? 0 : 1) })
      return { ...arrival, user, version: user.version - later.all, left: later.shown }
    })
    .reverse()
}

const createdEvent = (one: Placed, now: number): EventDraft => {
  const { user, left, version } = one
  return {
    room: roomOf(one.userId),
    type: 'notification.created',
    data: {
      notification: notificationOf(
        { id: one.id, user_id: one.userId, kind: one.kind, count: one.count, created_at: now },
        one.content,
        unseen,
      ),
      count: countOf({ unseen: user.unseen - left, unread: user.unread - left, version }),
    },
  }
}

/** Whether they are pushed is decided a little later, when it is known who is there. */
const letPushesWait = async ({ change, parts }: InboxChange, placed: readonly Placed[]): Promise<void> => {
  const due_at = parts.clock.now() + inboxLimits.pushAfterMs
  const waiting = placed
    .filter(({ push, user }) => push && parts.pushes && user.pushes > 0)
    .map(({ userId, id }) => ({ user_id: userId, id, quiet: 0, due_at }))
  if (waiting.length > 0) await change.rows.insertInto('inbox_waiting').values(waiting).execute()
}

const letTrimsWait = async ({ change, parts }: InboxChange, users: readonly UserRow[]): Promise<void> => {
  const tasks = users
    .filter(({ kept }) => kept > parts.settings.perUser)
    .map(({ user_id }) => ({
      id: `trim|${user_id}`,
      work: 'trim' as const,
      target: 'user' as const,
      name: user_id,
      kind: '',
      content: '',
      key_id: null,
      key: null,
      after: '',
      due_at: parts.clock.now(),
    }))
  if (tasks.length === 0) return
  await change.rows
    .insertInto('inbox_task')
    .values(tasks)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
    .execute()
}
