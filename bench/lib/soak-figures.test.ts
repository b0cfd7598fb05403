import { expect, test } from 'bun:test'
import type { Taken } from './soak.ts'
import { type Sample, slopeOf } from './soak-figures.ts'

const megabyte = 2 ** 20

const sampleAt = (minutes: number, resident: number): Sample => ({
  minutes,
  seconds: 10,
  share: 0.3,
  vitals: { resident, fds: 20, lagP99: 0, lagMost: 0 },
  taken: {} as Taken,
  sessions: 0,
  rooms: 0,
  subscriptions: 0,
})

const resident = ({ vitals }: Sample) => vitals.resident

test('the slope is in MB an hour and leaves the first ten minutes out', () => {
  // 50 MB more in each minute until the tenth, then 3 MB an hour.
  const samples = Array.from({ length: 61 }, (_, minutes) =>
    sampleAt(minutes, megabyte * (minutes < 10 ? 100 + 50 * minutes : 600 + minutes / 20)),
  )
  const { slope, either, points, from } = slopeOf(samples, resident)
  expect(slope).toBeCloseTo(3, 6)
  expect(either).toBeCloseTo(0, 6)
  expect(points.length).toBe(51)
  expect(from).toBe(10)
})

test('a run that is too short for that is judged by its second half', () => {
  const samples = [0, 1, 2, 3, 4].map((minutes) => sampleAt(minutes, megabyte * minutes))
  expect(slopeOf(samples, resident)).toMatchObject({ slope: expect.closeTo(60, 6), from: 2 })
})

test('samples without the value are left out', () => {
  const samples = [0, 1, 2, 3, 4, 5].map((minutes) => sampleAt(minutes, megabyte))
  expect(slopeOf(samples, ({ minutes }) => (minutes === 3 ? undefined : 0)).points.length).toBe(2)
})
