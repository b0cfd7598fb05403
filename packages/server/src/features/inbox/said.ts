/** What users said they prefer, as it stands in the store. */
import type { NotificationPreferences } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'

/** Of those who ever said anything. */
export const readSaid = async (
  rows: Rows,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, NotificationPreferences>> => {
  const found = await rows
    .selectFrom('inbox_preference')
    .select(['user_id', 'preferences'])
    .where('user_id', 'in', userIds)
    .execute()
  // Nothing is written there that was not checked.
  return new Map(found.map((row) => [row.user_id, JSON.parse(row.preferences) as NotificationPreferences]))
}

/** Replaces what the user said before. */
export const writeSaid = async (rows: Rows, userId: string, preferences: NotificationPreferences): Promise<void> => {
  const text = JSON.stringify(preferences)
  await rows
    .insertInto('inbox_preference')
    .values({ user_id: userId, preferences: text })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id']).doUpdateSet({ preferences: text }))
    .execute()
}
