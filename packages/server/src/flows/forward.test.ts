/** The way from the journal to every client, at interleavings and faults that chance finds. */
import { expect, test } from 'bun:test'
import { playForwarding } from './forward.world.ts'

const seeds = Number(process.env.FANFARE_SEEDS ?? 500)

test(`${seeds} histories of nodes that die, and of an engine that loses and doubles: everybody has all, once, in order`, async () => {
  expect(await playForwarding(seeds, { turns: 14 })).toEqual([])
}, 600_000)
