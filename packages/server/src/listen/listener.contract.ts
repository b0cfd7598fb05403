/** What every listener must do, on whatever runtime. Its test is one call of this, with that runtime's own `test`. */
import { describeAttacks } from './attacks.contract.ts'
import { describeLinks } from './links.contract.ts'
import { type Listen, ListenerWorld, type Play } from './listener.world.ts'
import { describeRequests } from './requests.contract.ts'
import { describeStopping } from './stopping.contract.ts'
import { describeUpgrades } from './upgrades.contract.ts'

export type Contract = {
  readonly name: string
  /** Of `bun:test` or `node:test`: the suite runs on both. */
  readonly test: (title: string, run: () => Promise<void>) => unknown
  readonly listen: Listen
}

export const describeListener = ({ name, test, listen }: Contract): void => {
  const play: Play = (title, run, options) =>
    test(`listener contract: ${name}: ${title}`, async () => {
      await using world = await ListenerWorld.open(listen, options)
      await run(world)
    })
  describeUpgrades(play)
  describeLinks(play)
  describeAttacks(play)
  describeRequests(play)
  describeStopping(play)
}
