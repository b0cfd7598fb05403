/** Waits for work, but not for ever. */
import type { Clock } from './clock.ts'
import { deferred } from './deferred.ts'

/** Whether the work was done within so many ms. It goes on if it was not. @throws what the work throws in that time */
export const within = async (clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> => {
  const over = deferred<false>()
  const timer = clock.after(ms, () => over.resolve(false))
  try {
    return await Promise.race([work.then(() => true), over.promise])
  } finally {
    timer.cancel()
  }
}
