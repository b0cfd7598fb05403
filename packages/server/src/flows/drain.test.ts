import { expect, test } from 'bun:test'
import { defaultLimits } from '@fanfare/protocol'
import { fakeClock } from '../lib/fake-clock.ts'
import { sendAway, windowFor } from './drain.ts'

/** Numbers that look random and are the same in each run. */
const numbersFrom = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return seed / 2_147_483_648
}

type Simulated = { readonly closes: readonly number[]; readonly arrivals: readonly number[]; readonly windowMs: number }

/** When clients are sent away and when they come back; of those that are told nothing, as Socket.IO's do: 1 s ± 50 %. */
const simulate = async ({ told, untold }: { told: number; untold: number }): Promise<Simulated> => {
  const clock = fakeClock(0)
  const random = numbersFrom(42)
  const closes: number[] = []
  const arrivals: number[] = []
  const comesBack = (afterMs: number) => {
    closes.push(clock.now())
    arrivals.push(clock.now() + afterMs)
  }
  const leaving = [
    ...Array.from({ length: told }, () => ({ leave: comesBack })),
    ...Array.from({ length: untold }, () => ({ leave: () => comesBack(500 + random() * 1_000) })),
  ]
  const windowMs = windowFor(leaving.length, defaultLimits)
  const sent = sendAway(leaving, { clock, windowMs, random })
  await clock.advance(windowMs + 1_000)
  await sent
  return { closes, arrivals: arrivals.sort((a, b) => a - b), windowMs }
}

/** The most that come in any second, and how many come in one on average. */
const rates = (times: readonly number[]) => {
  const within = times.map((from, index) => times.slice(index).findIndex((at) => at >= from + 1_000))
  const peak = Math.max(...within.map((count, index) => (count === -1 ? times.length - index : count)))
  return { peak, average: times.length / Math.max(1, (times.at(-1)! - times[0]!) / 1_000) }
}

test.each([
  ['told when to come back', { told: 5_000, untold: 0 }],
  ['that nobody can tell anything', { told: 0, untold: 5_000 }],
  ['of both kinds', { told: 2_500, untold: 2_500 }],
])(
  'R-11: 5,000 clients %s come back evenly: never twice the average, nor more than one node admits',
  async (_, crowd) => {
    const { arrivals, closes, windowMs } = await simulate(crowd)
    expect(arrivals).toHaveLength(5_000)
    const { peak, average } = rates(arrivals)
    expect(peak / average).toBeLessThan(1.4)
    expect(peak).toBeLessThan(defaultLimits.connectsPerSecond)
    // The closes alone are as even.
    const closed = rates(closes)
    expect(closed.peak / closed.average).toBeLessThan(1.2)
    expect(Math.max(...closes)).toBeLessThanOrEqual(windowMs)
  },
)

test('few clients are not kept waiting, and still do not come at once', async () => {
  const { arrivals, closes } = await simulate({ told: 40, untold: 0 })
  expect(Math.max(...closes)).toBeLessThanOrEqual(100)
  expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(500)
})

test('however many they are, half of the time for a stop is enough', async () => {
  expect(windowFor(1_000_000, defaultLimits)).toBe(defaultLimits.shutdownMs / 2)
  expect(windowFor(1_000, { connectsPerSecond: 50, shutdownMs: 60_000 })).toBe(25_000)
  const { closes, arrivals, windowMs } = await simulate({ told: 20_000, untold: 0 })
  expect(closes).toHaveLength(20_000)
  expect(Math.max(...closes)).toBeLessThanOrEqual(windowMs)
  const { peak, average } = rates(arrivals)
  expect(peak / average).toBeLessThan(1.4)
})
