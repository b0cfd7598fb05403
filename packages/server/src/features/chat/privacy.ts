/** Whether others see how far a user has read: one word of the user's for all of their rooms, from now on. */
import { checkUserId } from './check.ts'
import type { Chat } from './parts.ts'

export type Showing = { readonly userId: string; readonly shown: boolean }

/** @throws FanfareError `invalid_payload`, `unavailable` */
export const showReceipts = async (chat: Chat, { userId, shown }: Showing): Promise<void> => {
  checkUserId(userId)
  await chat.store.change(async ({ rows }) => {
    if (shown) await rows.deleteFrom('chat_private').where('user_id', '=', userId).execute()
    else {
      await rows
        .insertInto('chat_private')
        .values({ user_id: userId })
        .onConflict((conflict) => conflict.columns(['user_id']).doNothing())
        .execute()
    }
  })
}
