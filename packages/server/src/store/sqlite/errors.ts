/** What an error of SQLite is for those who know only the store. */
import { FanfareError } from '@fanfare/protocol'

/** By SQLite's primary result codes: what is not the query's fault. */
const faults = new Map([
  [5, 'another program has it locked'],
  [6, 'another program has it locked'],
  [7, 'there is no memory left'],
  [8, 'it may only be read'],
  [10, 'its disk does not answer'],
  [11, 'it is damaged; put a backup in its place'],
  [13, 'its disk is full; make room'],
  [14, 'it cannot be opened'],
  [26, 'it is no database'],
])

/** FanfareError `unavailable` where the disk or the file is at fault; any other error as it is. */
export const toStoreError = (error: unknown): unknown => {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const fault = faults.get(error.errcode & 0xff)
  if (fault === undefined) return error
  return new FanfareError('unavailable', `The store cannot be used: ${fault}.`, { cause: error })
}
