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

/** What the work gives, if it is done within so many ms. It goes on if it was not. @throws Error when it was not, and what the work throws */
export const inTime = async <Value>(clock: Clock, ms: number, work: Promise<Value>): Promise<Value> => {
  if (!(await within(clock, ms, work))) throw new Error(`It was not done within ${ms} ms.`)
  return work
}
