import { test } from 'bun:test'
import fc from 'fast-check'
import { openFeature } from '../feature.world.ts'
import { chatFeature } from './chat.ts'
import { openChat } from './chat.world.ts'
import { play, rounds } from './interleavings.world.ts'

test('whatever members do at once, messages, events and receipts fit together', async () => {
  await using one = await openChat()
  await using other = await openFeature(chatFeature, { store: one.store, clock: one.clock })
  await fc.assert(
    fc.asyncProperty(rounds, (all) => play([one, other], all)),
    { numRuns: 200 },
  )
}, 30_000)
