/** Rooms that are in the store, whole: over real sockets, with power cuts. */
import { expect, test } from 'bun:test'
import { killRounds } from '../support/kill-rounds.ts'

test('kill -9 among publishes into an archived room: nothing acknowledged is lost, nothing doubled, reactions are made good', async () => {
  const rooms = { room: 'chart:kill', echo: 'chart-echo:kill' }
  const { acknowledged, faults } = await killRounds({ rounds: 3, perSecond: 1_000, rooms })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(300)
}, 60_000)
