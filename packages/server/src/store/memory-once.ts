/** Remembers answers in this process, for a node that is alone. */
import type { Json } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Once } from '../model/once.ts'
import { tenantName } from '../model/tenant-name.ts'

export type MemoryOnceOptions = {
  readonly clock: Clock
  /** How long an answer is given again, in ms, counted from the first request. */
  readonly forMs: number
  /** Answers in all; beyond them the oldest is forgotten. @default 100,000 */
  readonly most?: number
}

type Entry = { readonly at: number; readonly answer: Promise<Json> }

export const memoryOnce = ({ clock, forMs, most = 100_000 }: MemoryOnceOptions): Once => {
  /** In the order of age. */
  const entries = new Map<string, Entry>()
  const forgetOld = (): void => {
    const oldest = clock.now() - forMs
    for (const [name, { at }] of entries) {
      if (at > oldest && entries.size < most) return
      entries.delete(name)
    }
  }
  return {
    once(tenantId, key, work) {
      forgetOld()
      const name = tenantName(tenantId, key)
      const known = entries.get(name)
      if (known) return known.answer
      const entry: Entry = { at: clock.now(), answer: work() }
      entries.set(name, entry)
      entry.answer.catch(() => {
        if (entries.get(name) === entry) entries.delete(name)
      })
      return entry.answer
    },
  }
}
