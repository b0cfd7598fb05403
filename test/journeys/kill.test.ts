/** A power cut in the middle of publishes. Three rounds here; twenty in test/faults. */
import { expect, test } from 'bun:test'
import { killRounds } from '../support/kill-rounds.ts'

test('R-20: kill -9 among 2,000 publishes a second: nothing acknowledged is lost, nothing doubled, reactions are made good', async () => {
  const { acknowledged, faults } = await killRounds({ rounds: 3, perSecond: 2_000 })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(500)
}, 60_000)
