/** The port for work that a key makes happen once, however often and wherever it is asked for: commands that clients retry. */
import type { Json } from '@fanfare/protocol'

/**
 * Invariants, each proved by the contract case of the same number:
 * O1 whoever asks with a key within the window of its first answer gets that answer, and the work is not done again.
 * O2 who asks while it is being done waits for the answer, on whatever node.
 * O3 what failed is not remembered, and is done again when it is asked for again.
 */
export type Once = {
  /** @throws what the work throws; FanfareError `unavailable` when it cannot be known whether it was done, `too_large` for an answer that was too large to be given again */
  once(tenantId: string, key: string, work: () => Promise<Json>): Promise<Json>
}
