/** any history of faults that a seed can think of, and at its end everybody is where the log is, by a contiguous way. */
import { expect, test } from 'bun:test'
import { failedSeeds } from './simulation.world.ts'

test('2,000 histories of three nodes, and messages lost, doubled and late, links cut, servers emptied and taken back', async () => {
  expect(await failedSeeds(1, 2_000)).toEqual([])
}, 120_000)
