/** Takes notifications away for good, oldest first, and the counts with them. */
import { roomOf } from './check.ts'
import { addToUsers, countOf, lockUsers, marksOf } from './counters.ts'
import type { InboxChange } from './inbox-parts.ts'
import { archived, stateNow, unseen } from './states.ts'

export type Removable = {
  readonly user_id: string
  readonly id: string
  readonly state: number
  readonly changed: number
}

export const columnsToRemove = ['user_id', 'id', 'state', 'changed'] as const

/**
 * @param find reads which, once the users are locked: some hundreds, of these users only
 * @returns how many were removed
 */
export const removeNotifications = async (
  { change }: InboxChange,
  userIds: readonly string[],
  find: () => Promise<readonly Removable[]>,
): Promise<number> => {
  if (userIds.length === 0) return 0
  const users = await lockUsers(change.rows, userIds)
  const found = await find()
  if (found.length === 0) return 0
  const ids = found.map(({ id }) => id)
  for (const table of ['inbox_notification', 'inbox_waiting'] as const) {
    await change.rows.deleteFrom(table).where('user_id', 'in', userIds).where('id', 'in', ids).execute()
  }
  const byUser = Map.groupBy(found, ({ user_id }) => user_id)
  const differences = [...byUser].map(([userId, rows]) => {
    const marks = marksOf(users.get(userId)!)
    const states = rows.map((row) => stateNow(row, marks))
    const shown = states.filter((state) => state < archived).length
    return [
      userId,
      {
        // The count is another only for those who could have seen it.
        version: shown > 0 ? 1 : 0,
        unseen: -states.filter((state) => state === unseen).length,
        unread: -states.filter((state) => state < 2).length,
        shown: -shown,
        kept: -rows.length,
      },
    ] as const
  })
  const after = await addToUsers(change.rows, new Map(differences))
  await change.publish(
    differences
      .filter(([, { version }]) => version > 0)
      .map(([userId]) => ({
        room: roomOf(userId),
        type: 'notification.count',
        data: { count: countOf(after.get(userId)!) },
      })),
  )
  return found.length
}
