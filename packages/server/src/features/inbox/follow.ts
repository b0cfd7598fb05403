/** Who follows which topic. Doing it again changes nothing. */
import { FanfareError } from '@fanfare/protocol'
import { checkTopic, checkUserId } from './check.ts'
import type { InboxParts } from './inbox-parts.ts'
import { inboxLimits } from './settings.ts'

/** @throws FanfareError `invalid_payload`, `too_large` where the user follows a thousand, `unavailable` */
export const follow = async (
  parts: InboxParts,
  tenantId: string,
  asked: { readonly userId: string; readonly topic: string },
): Promise<void> => {
  const userId = checkUserId(asked.userId)
  const topic = checkTopic(asked.topic)
  await parts.store.of(tenantId).change(async ({ rows }) => {
    const { count } = await rows
      .selectFrom('inbox_follow')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .where('topic', '!=', topic)
      .executeTakeFirstOrThrow()
    if (count >= inboxLimits.topics) {
      throw new FanfareError('too_large', `A user follows at most ${inboxLimits.topics} topics.`)
    }
    await rows
      .insertInto('inbox_follow')
      .values({ topic, user_id: userId })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'topic', 'user_id']).doNothing())
      .execute()
  })
}

/** @throws FanfareError `unavailable` */
export const unfollow = async (
  parts: InboxParts,
  tenantId: string,
  { userId, topic }: { readonly userId: string; readonly topic: string },
): Promise<void> => {
  await parts.store
    .of(tenantId)
    .change(({ rows }) =>
      rows.deleteFrom('inbox_follow').where('user_id', '=', userId).where('topic', '=', topic).execute(),
    )
}

/** By name. @throws FanfareError `unavailable` */
export const topicsOf = async (parts: InboxParts, tenantId: string, userId: string): Promise<readonly string[]> => {
  const found = await parts.store
    .of(tenantId)
    .read((rows) =>
      rows.selectFrom('inbox_follow').select('topic').where('user_id', '=', userId).orderBy('topic').execute(),
    )
  return found.map(({ topic }) => topic)
}
