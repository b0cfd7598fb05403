/** What a read asks for, as offsets: pure arithmetic over the state of one log, the same for memory and disk. */
import type { GapReason, Position, RoomEvent } from '@fanfare/protocol'
import type { Sized } from './ring.ts'
import type { ReadQuery, Slice } from './room-log.ts'

/** One log at the moment of reading: `first` is the lowest offset kept, `top + 1` when none is. */
export type LogState = { readonly epoch: string; readonly first: number; readonly top: number }

/** Inclusive at both ends; empty when `from > to`. */
export type Range = { readonly ok: true; readonly from: number; readonly to: number; readonly forwards: boolean }

export const rangeOf = (
  query: ReadQuery,
  state: LogState,
): Range | { readonly ok: false; readonly reason: GapReason } =>
  'after' in query ? rangeAfter(query.after, state) : rangeBefore(query.before, state)

const rangeAfter = (after: Position | 'earliest' | 'latest', { epoch, first, top }: LogState) => {
  const to = top
  if (after === 'latest') return { ok: true, from: top + 1, to, forwards: true } as const
  if (after === 'earliest') return { ok: true, from: first, to, forwards: true } as const
  if (after.epoch !== epoch) return { ok: false, reason: 'epoch' } as const
  if (after.offset > top) return { ok: false, reason: 'ahead' } as const
  if (after.offset < first - 1) return { ok: false, reason: 'trimmed' } as const
  return { ok: true, from: after.offset + 1, to, forwards: true } as const
}

const rangeBefore = (before: Position | 'latest', { epoch, first, top }: LogState) => {
  if (before === 'latest') return { ok: true, from: first, to: top, forwards: false } as const
  if (before.epoch !== epoch) return { ok: false, reason: 'epoch' } as const
  const to = before.offset - 1
  if (to > top) return { ok: false, reason: 'ahead' } as const
  // Nothing was ever before the first event; what was before a later one, and is not kept, cannot be returned (I5).
  if (to >= 1 && to < first) return { ok: false, reason: 'trimmed' } as const
  return { ok: true, from: first, to, forwards: false } as const
}

/** Takes entries from one end of the range until the page is full. `entries` must come in the direction read. */
export const pageOf = (query: ReadQuery, range: Range, entries: Iterable<Sized>): RoomEvent[] => {
  const limit = Math.max(1, query.limit)
  let budget = query.maxBytes ?? Number.POSITIVE_INFINITY
  const events: RoomEvent[] = []
  for (const entry of entries) {
    entry.bytes ||= Buffer.byteLength(JSON.stringify(entry.event))
    budget -= entry.bytes
    if (budget < 0 && events.length > 0) break
    events.push(entry.event)
    if (events.length === limit) break
  }
  return range.forwards ? events : events.reverse()
}

/** The answer to a read, from the state, the range and the page that was taken from it. */
export const sliceOf = (state: LogState, range: Range, events: readonly RoomEvent[]): Slice => {
  const size = Math.max(0, range.to - range.from + 1)
  return { ok: true, events, top: { epoch: state.epoch, offset: state.top }, more: events.length < size }
}
