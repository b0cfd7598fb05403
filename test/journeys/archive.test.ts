/** Rooms that are in the store, whole: over real sockets, with power cuts. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { killRounds } from '../support/kill-rounds.ts'

test('kill -9 among publishes into an archived room: nothing acknowledged is lost, nothing doubled, reactions are made good', async () => {
  const rooms = { room: 'chart:kill', echo: 'chart-echo:kill' }
  const app = fileURLToPath(new URL('../support/charts.ts', import.meta.url))
  const { acknowledged, faults } = await killRounds({ rounds: 3, perSecond: 1_000, rooms, app })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(300)
}, 60_000)
