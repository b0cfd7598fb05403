/** The way from the journal to every client, at interleavings and faults that chance finds; and the same with a step broken. */
import { expect, test } from 'bun:test'
import type { RoomLog } from '../engine/room-log.ts'
import { type ForwardVariant, playForwarding } from './forward.world.ts'

const seeds = Number(process.env.FANFARE_SEEDS ?? 500)

test(`${seeds} histories of nodes that die, and of an engine that loses and doubles: everybody has all, once, in order`, async () => {
  expect(await playForwarding(seeds, { turns: 12 })).toEqual([])
}, 600_000)

/** Every second event is passed over, and nobody is told. */
const skipping = (log: RoomLog): RoomLog['publish'] => {
  let count = 0
  return async (room, draft, options) => {
    if (++count % 2 > 0) return log.publish(room, draft, options)
    const { id, timestamp } = draft
    return { duplicate: true, id, epoch: '', offset: 0, timestamp, durability: 'memory' }
  }
}

/** Says that it listens before it does. */
const hasty =
  (log: RoomLog): RoomLog['listen'] =>
  async (room) =>
    void log.listen(room).catch(() => hasty(log)(room))

/** What is broken, and the share of histories in which it must show. */
const broken: readonly (readonly [string, ForwardVariant, number])[] = [
  ['an event now and then is taken for handed on', { inner: (log) => ({ ...log, publish: skipping(log) }) }, 0.1],
  ['nobody looks for what a dead node left', { store: (store) => ({ ...store, tenantsDue: async () => [] }) }, 0.3],
  ['the engine listens later than it says', { inner: (log) => ({ ...log, listen: hasty(log) }) }, 0.1],
]

test.each(broken)('the judge sees it when %s', async (_name, variant, share) => {
  expect((await playForwarding(40, { turns: 12, variant })).length).toBeGreaterThan(40 * share)
})
