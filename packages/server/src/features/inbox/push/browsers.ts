/** The browsers of users that take pushes: each there once, and of whoever signed in there last. */
import type { Rows, Sealer } from '../../../store/store.ts'
import { openSealed, sealContent } from '../content.ts'
import { addToUsers } from '../counters.ts'
import type { PushSubscription } from '../inbox-api.ts'
import { changeInbox, type InboxParts } from '../inbox-parts.ts'
import { inboxLimits } from '../settings.ts'
import { pushIdOf } from './endpoint.ts'

/** @param subscription checked. Beyond the tenth of a user, the one that was said longest ago goes. @throws FanfareError `unavailable` */
export const addBrowser = (
  parts: InboxParts,
  tenantId: string,
  { userId, subscription }: { readonly userId: string; readonly subscription: PushSubscription },
): Promise<void> =>
  changeInbox(parts, tenantId, async ({ change: { rows, sealer } }) => {
    const id = pushIdOf(subscription.endpoint)
    const before = await rows.deleteFrom('inbox_push').where('id', '=', id).returning('user_id').execute()
    const created_at = parts.clock.now()
    const sealed = sealContent(sealer, subscription, { table: 'inbox_push', id })
    await rows
      .insertInto('inbox_push')
      .values({ id, user_id: userId, ...sealed, created_at })
      // Of two who say the same at once, the later.
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'id']).doUpdateSet({ user_id: userId, ...sealed, created_at }),
      )
      .execute()
    const others = await rows
      .selectFrom('inbox_push')
      .select('id')
      .where('user_id', '=', userId)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .offset(inboxLimits.pushes)
      .limit(inboxLimits.pushes)
      .execute()
    if (others.length > 0) {
      const ids = others.map((one) => one.id)
      await rows.deleteFrom('inbox_push').where('id', 'in', ids).execute()
    }
    await countBrowsers(rows, [userId, ...before.map(({ user_id }) => user_id)])
  })

/** @returns whether it was there */
export const removeBrowser = (
  parts: InboxParts,
  tenantId: string,
  { userId, id }: { readonly userId: string; readonly id: string },
): Promise<boolean> =>
  parts.store.of(tenantId).change(async ({ rows }) => {
    const removed = await rows
      .deleteFrom('inbox_push')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .returning('id')
      .execute()
    if (removed.length === 0) return false
    await rows.deleteFrom('inbox_sending').where('push_id', '=', id).execute()
    await countBrowsers(rows, [userId])
    return true
  })

/** Counted anew, so that it is right whatever came before. */
const countBrowsers = async (rows: Rows, users: readonly string[]): Promise<void> => {
  await addToUsers(rows, new Map([...new Set(users)].map((userId) => [userId, {}])))
  for (const userId of new Set(users)) {
    const { count } = await rows
      .selectFrom('inbox_push')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow()
    await rows.updateTable('inbox_user').set({ pushes: count }).where('user_id', '=', userId).execute()
  }
}

/** Undefined when it was removed meanwhile, or is another user's now. */
export const readBrowser = async (
  rows: Rows,
  sealer: Sealer,
  { id, userId }: { readonly id: string; readonly userId: string },
): Promise<PushSubscription | undefined> => {
  const row = await rows
    .selectFrom('inbox_push')
    .select(['content', 'key_id'])
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row && openSealed<PushSubscription>(sealer, row, { table: 'inbox_push', id })
}
