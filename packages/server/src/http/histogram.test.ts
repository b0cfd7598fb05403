import { expect, test } from 'bun:test'
import { Histogram, Registry } from 'prom-client'
import { LeanHistogram } from './histogram.ts'

const buckets = [0.0005, 0.001, 0.25, 5]
const name = 'seconds'
const help = 'How long it took.'

test('it reads as prom-client would have written it', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const lean = new LeanHistogram({ name, help, buckets })
  ours.registerMetric(lean as unknown as Histogram)
  const known = new Histogram({ name, help, buckets, registers: [theirs] })
  expect(await ours.metrics()).toBe(await theirs.metrics())
  for (const seconds of [0, 0.0005, 0.0006, 0.25, 3, 5, 60]) {
    lean.observe(seconds)
    known.observe(seconds)
  }
  expect(await ours.metrics()).toBe(await theirs.metrics())
})

test('what is no number leaves no trace', async () => {
  const lean = new LeanHistogram({ name, help, buckets })
  lean.observe(1)
  const before = await lean.get()
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) lean.observe(value)
  expect(await lean.get()).toEqual(before)
})
