/** subscribing at any moment of a busy room. Ten rounds of 100 clients here; a hundred of 1,000 in test/faults. */
import { expect, test } from 'bun:test'
import { raceRounds } from '../support/race-rounds.ts'

test('R-01: clients that come and go under 1,000 publishes a second see contiguous offsets from where they were told', async () => {
  const { deliveries, faults } = await raceRounds({ clients: 100, rounds: 10, perSecond: 1_000, spreadMs: 100 })
  expect(faults.slice(0, 10)).toEqual([])
  expect(deliveries).toBeGreaterThan(10_000)
}, 60_000)
