/** How long to wait before what failed is tried again, and the waiting. */
import type { Clock } from '../../lib/clock.ts'

export type Pauses = { readonly clock: Clock; readonly random: () => number }

const firstMs = 50
const longestMs = 2_000

/** Full jitter: what many nodes lost at once they do not all ask for at once. `tries`: how often it has failed, from 1. */
export const pause = ({ clock, random }: Pauses, tries: number): Promise<void> => {
  const most = Math.min(longestMs, firstMs * 2 ** Math.min(tries, 10))
  return new Promise((resolve) => {
    clock.after(Math.ceil(most * (0.2 + 0.8 * random())), resolve)
  })
}
