/** Takes away what is older than is kept, some hundreds at a time. */
import { changeInbox, type InboxParts } from './inbox-parts.ts'
import { columnsToRemove, removeNotifications } from './remove.ts'
import { inboxLimits } from './settings.ts'

/** @returns whether there may be more */
export const expireNotifications = async (parts: InboxParts, tenantId: string): Promise<boolean> => {
  const before = parts.clock.now() - parts.settings.keepMs
  const removed = await changeInbox(parts, tenantId, async (within) => {
    const { rows } = within.change
    const old = await rows
      .selectFrom('inbox_notification')
      .select(['user_id', 'id'])
      .where('created_at', '<=', before)
      .orderBy('created_at')
      .limit(inboxLimits.step)
      .execute()
    const users = [...new Set(old.map(({ user_id }) => user_id))]
    return removeNotifications(within, users, () =>
      rows
        .selectFrom('inbox_notification')
        .select(columnsToRemove)
        .where('user_id', 'in', users)
        .where(
          'id',
          'in',
          old.map(({ id }) => id),
        )
        .execute(),
    )
  })
  return removed === inboxLimits.step
}

/** Keys by which a notification was given: as old as what they gave. @returns whether there may be more */
export const expireKeys = async (parts: InboxParts, tenantId: string): Promise<boolean> => {
  const before = parts.clock.now() - parts.settings.keepMs
  const found = await parts.store.of(tenantId).change(async ({ rows }) => {
    const old = await rows
      .selectFrom('inbox_key')
      .select(['user_id', 'key'])
      .where('created_at', '<=', before)
      .limit(inboxLimits.step)
      .execute()
    for (const { user_id, key } of old) {
      await rows.deleteFrom('inbox_key').where('user_id', '=', user_id).where('key', '=', key).execute()
    }
    return old.length
  })
  return found === inboxLimits.step
}
