/** Short turns of what `test/faults` does to nodes at length: killed, rolled, cut off from Redis, and spoken to in noise. */
import { describe, expect, test } from 'bun:test'
import { killNode } from '../support/nodes-kill.ts'
import { poisonNodes } from '../support/poison.ts'
import { retriesOverEngines, retriesOverNodes } from '../support/redis-retries.ts'
import { rollNodes } from '../support/rolling.ts'

test('R-10: clients of a killed node are back on the other without a loss, and nobody who is back was told as gone', async () => {
  const done = await killNode({ clients: 120, rooms: 6, perSecond: 100, ends: false })
  expect([...done.faults, ...done.presenceFaults, ...done.offlineFaults]).toEqual([])
  expect(done.cut).toBeGreaterThan(20)
  expect(done.acknowledged).toBeGreaterThan(300)
  expect(done.backMs).toBeLessThan(15_000)
}, 60_000)

test('R-11: two nodes that are stopped and started one after another send everybody away, and nothing is lost', async () => {
  const { stops, faults, acknowledged } = await rollNodes({
    clients: 120,
    rooms: 12,
    perSecond: 200,
    calmMs: 500,
  })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(500)
  expect(stops.map(({ code }) => code)).toEqual([0, 0])
  expect(Math.min(...stops.map(({ sent }) => sent))).toBeGreaterThan(20)
  expect(Math.max(...stops.map(({ stoppedMs }) => stoppedMs))).toBeLessThan(30_000)
}, 90_000)

describe('R-12: what was refused or never answered is said again elsewhere with its key, and stored once', () => {
  for (const [over, run] of [
    ['nodes', retriesOverNodes],
    ['engines', retriesOverEngines],
  ] as const) {
    test(`over two ${over}`, async () => {
      const publishes = 1_500
      const done = await run(publishes)
      expect(done.faults).toEqual([])
      expect(done.stored).toBe(publishes)
      expect(done.failed).toBeGreaterThan(0)
    }, 60_000)
  }
})

test('R-27: noise on every name in Redis is counted, and everybody else is heard', async () => {
  const done = await poisonNodes({ seconds: 3, perSecond: 200, poisonsPerSecond: 500 })
  expect([...done.crashes, ...done.faults]).toEqual([])
  expect(done.gaps).toBe(0)
  expect(done.given).toBeGreaterThan(500)
  expect(done.counted).toBeGreaterThanOrEqual(done.given)
}, 60_000)
