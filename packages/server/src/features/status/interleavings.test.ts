/** U2 over two nodes, reloads, delays, failures and kills, in every order that chance finds. */
import { expect, test } from 'bun:test'
import { type Fault, Interleavings } from './interleavings.world.ts'
import { roundMs } from './statuses.ts'

const users = ['ann', 'bob', 'eve']
const runs = Number(process.env.FANFARE_RUNS ?? 15)

const cases: readonly (readonly [what: string, faults: readonly Fault[], restMs: number])[] = [
  // An end is told again after a minute when its handler failed, and whoever is doubtful is looked at twice.
  ['reloads, delays and failures of the store', ['failure'], 110_000],
  ['kills besides, and rounds, one of which may fail too', ['failure', 'kill'], 3 * roundMs],
]

test.each(cases)(
  'nobody is told offline who is there, and all comes out right: %s',
  async (_, faults, restMs) => {
    for (let seed = 1; seed <= runs; seed++) {
      await using world = await Interleavings.start(seed, faults)
      await world.rest(21_000)
      for (let step = 0; step < 25; step++) {
        await world.act(users)
        await world.pass(step % 3 === 0 ? 24_000 : 2_500)
      }
      await world.rest(restMs)
      await world.check(users)
      expect({ seed, faults: world.wrong }).toEqual({ seed, faults: [] })
    }
  },
  60_000,
)
