/** What is asked of the journals of archived rooms, many at once, in one change and in the order in which it was asked. */
import { eraseRoom } from './journal-erase.ts'
import type { Change, EventDraft, JournalEvent } from './store.ts'

export type Write =
  | { readonly kind: 'publish'; readonly draft: EventDraft }
  | { readonly kind: 'forget'; readonly room: string; readonly unique: boolean }

/** An event for each publish, undefined for what was forgotten. */
export const writeAll = async (
  change: Change,
  writes: readonly Write[],
  now: number,
): Promise<readonly (JournalEvent | undefined)[]> => {
  const written: (JournalEvent | undefined)[] = []
  let drafts: EventDraft[] = []
  const publish = async () => {
    written.push(...(await change.publish(drafts)))
    drafts = []
  }
  for (const write of writes) {
    if (write.kind === 'publish') drafts.push(write.draft)
    else {
      await publish()
      await eraseRoom(change.rows, write.room, { unique: write.unique, now })
      written.push(undefined)
    }
  }
  await publish()
  return written
}
