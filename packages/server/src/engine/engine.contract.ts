/** What every engine must do. An implementation's test is one call of this; how many cases ran is printed. */
import { afterAll, describe, test } from 'bun:test'
import { describeBus } from './bus.contract.ts'
import { describeCourier } from './courier.contract.ts'
import { describeDirectory } from './directory.contract.ts'
import { describeDurable } from './durable.contract.ts'
import { type Case, EngineWorld, type MakeEngine } from './engine.world.ts'
import { describeIdempotency } from './idempotency.contract.ts'
import { describeLeases } from './leases.contract.ts'
import { describeLog } from './log.contract.ts'
import { describeModel } from './model.contract.ts'
import { describePresence } from './presence.contract.ts'
import { describeReading } from './reading.contract.ts'
import { describeSessionStates } from './session-states.contract.ts'

/** For the random histories, on a machine that has other work too. */
const timeoutMs = 60_000

export const describeEngine = (name: string, make: MakeEngine): void => {
  describe(`engine contract: ${name}`, () => {
    let ran = 0
    const play: Case = (title, run) =>
      test(
        title,
        async () => {
          await using world = await EngineWorld.open(make)
          await run(world)
          ran++
        },
        timeoutMs,
      )
    for (const kind of ['memory', 'durable'] as const) {
      describe(`${kind} rooms`, () => {
        describeLog(play, kind)
        describeReading(play, kind)
        describeIdempotency(play, kind)
        describeModel(play, kind)
      })
    }
    describe('durable rooms over restarts', () => describeDurable(play))
    describe('presence', () => describePresence(play))
    describe('bus', () => describeBus(play))
    describe('states of sessions', () => describeSessionStates(play))
    describe('leases', () => describeLeases(play))
    describe('directory', () => describeDirectory(play))
    describe('courier', () => describeCourier(play))
    afterAll(() => console.log(`engine contract: ${name}: ${ran} cases passed`))
  })
}
