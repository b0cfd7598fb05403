/** The whole log of a room as the API gives it, of events that are numbered. */
import type { HistoryPage } from '@fanfare/protocol'
import type { Actor } from '@fanfare/testkit'

export type LoggedNumber = { readonly n: number; readonly epoch: string; readonly offset: number }

export const readLog = async (actor: Actor, room: string): Promise<readonly LoggedNumber[]> => {
  const found: LoggedNumber[] = []
  let after: HistoryPage['next'] | 'earliest' = 'earliest'
  while (after !== undefined) {
    const page = (await actor.asks({ type: 'history', room, limit: 1_000, after })) as unknown as HistoryPage
    for (const { offset, data } of page.events) {
      found.push({ n: (data as { readonly n: number }).n, epoch: page.epoch, offset })
    }
    after = page.next
  }
  return found
}
