/** A clock that a test moves by hand; timers run in the order in which they fall due. */
import type { Clock, Timer } from './clock.ts'

type Due = { at: number; readonly order: number; readonly callback: () => void; readonly every: number | undefined }

export type FakeClock = Clock & {
  /** Moves time by `ms`, running every timer that falls due on the way, and lets promises settle between them. */
  advance(ms: number): Promise<void>
}

export const fakeClock = (start = Date.UTC(2026, 0, 1)): FakeClock => {
  let now = start
  let order = 0
  const timers = new Set<Due>()
  const add = (ms: number, callback: () => void, every?: number): Timer => {
    // As a real one, it only ever shows whole milliseconds.
    const due: Due = { at: now + Math.round(ms), order: order++, callback, every }
    timers.add(due)
    return { cancel: () => timers.delete(due) }
  }
  const next = (until: number): Due | undefined =>
    [...timers].filter((due) => due.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    after: (ms, callback) => add(ms, callback),
    every: (ms, callback) => add(ms, callback, ms),
    async advance(ms) {
      const until = now + ms
      for (let due = next(until); due; due = next(until)) {
        now = Math.max(now, due.at)
        if (due.every === undefined) timers.delete(due)
        else due.at += due.every
        due.callback()
        await settle()
      }
      now = until
      await settle()
    },
  }
}
