/** The engine's contract, for rooms that are archived: what their clients rely on is the same. */
import { afterAll, describe, test } from 'bun:test'
import { type Case, EngineWorld } from '../engine/engine.world.ts'
import { describeIdempotency } from '../engine/idempotency.contract.ts'
import { describeLog } from '../engine/log.contract.ts'
import { describeModel } from '../engine/model.contract.ts'
import { describeReading } from '../engine/reading.contract.ts'
import { journaledEngine } from './journaled-log.world.ts'

/** An archive keeps by age alone, whatever `keep` says, and keys as long as their events. */
const byCount = new Set([
  'a log keeps so many events',
  'a room that keeps nothing delivers, counts, and says that what is past is gone',
  'I5 a position in another epoch, ahead of the log or behind what is kept is refused, with the top',
  'a key counts for the whole window, though the event itself is trimmed, and no longer',
])

describe('engine contract: archived rooms', () => {
  let ran = 0
  const play: Case = (title, run) => {
    if (byCount.has(title)) return
    test(title, async () => {
      await using world = await EngineWorld.open(journaledEngine)
      await run(world)
      ran++
    })
  }
  describeLog(play, 'durable')
  describeReading(play, 'durable')
  describeIdempotency(play, 'durable')
  describeModel(play, 'durable', { keep: 1_000, idempotencyMs: Number.POSITIVE_INFINITY })
  afterAll(() => console.log(`engine contract: archived rooms: ${ran} cases passed`))
})
