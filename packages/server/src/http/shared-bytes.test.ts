import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { SharedBytes } from './shared-bytes.ts'

test('the same frames are made bytes once, for however many streams', () => {
  const bytes = new SharedBytes()
  const frames = ['data: é\n\n', 'data: 世\n\n']
  expect(bytes.of(frames)).toBe(bytes.of(frames))
  expect(bytes.of([...frames])).not.toBe(bytes.of(frames))
})

test('whoever asks in whatever order, the bytes are those of the frames', () => {
  const runs = fc.array(fc.array(fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(runs, fc.array(fc.nat()), (runs, order) => {
      const bytes = new SharedBytes()
      const asked = order.map((nth) => runs[nth % runs.length]!)
      // What was given before stays as it was: streams hold it for as long as their readers take.
      const given = asked.map((frames) => bytes.of(frames))
      for (const [nth, frames] of asked.entries()) {
        expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(given[nth])).toBe(frames.join('').toWellFormed())
      }
    }),
  )
})
