/** R-11, with what fits beside the other tests; 5,000 clients in test/faults. */
import { expect, test } from 'bun:test'
import { rollingDeploy } from '../support/rolling-deploy.ts'

test('R-11: one of two nodes stops under load: its clients come to the other evenly, and nobody misses anything', async () => {
  const { faults, ...deployed } = await rollingDeploy({ clients: 800, rooms: 80, perSecond: 200 })
  expect(faults).toEqual([])
  expect(deployed.exitCode).toBe(0)
  expect(deployed.stopMs).toBeLessThan(30_000)
  expect(deployed.peak / deployed.average).toBeLessThanOrEqual(2)
  expect(deployed.acknowledged).toBeGreaterThan(400)
}, 60_000)
