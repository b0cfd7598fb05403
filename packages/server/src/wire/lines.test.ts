import { expect, test } from 'bun:test'
import { framesOf, subprotocols } from '@fanfare/protocol'
import fc from 'fast-check'
import type { Frame } from './dialect.ts'
import { Lines, longestJoined } from './lines.ts'

/** What a client that reads lines makes of the messages. */
const read = (messages: readonly Frame[]): readonly Frame[] =>
  messages.flatMap((message): readonly Frame[] =>
    typeof message === 'string' ? framesOf(message, subprotocols[0]) : [message],
  )

test('frames are joined by line feeds into one message', () => {
  expect(new Lines().join(['{"a":1}', '{"b":2}', '{"c":3}'])).toEqual(['{"a":1}\n{"b":2}\n{"c":3}'])
})

test('the same frames are joined once, for however many links', () => {
  const lines = new Lines()
  const frames = ['{"a":1}', '{"b":2}']
  const messages = lines.join(frames)
  expect(lines.join(frames)).toBe(messages)
  expect(lines.join(['{"c":3}', '{"d":4}'])).toEqual(['{"c":3}\n{"d":4}'])
})

test('a message of several frames is never longer than the bound, and is filled up to it', () => {
  const half = 'x'.repeat(longestJoined / 2)
  expect(new Lines().join([half.slice(1), half, '1'])).toEqual([`${half.slice(1)}\n${half}`, '1'])
  expect(new Lines().join([half, half])).toEqual([half, half])
})

test('a frame that is longer than the bound goes alone, between those before and after it', () => {
  const long = 'x'.repeat(longestJoined + 1)
  expect(new Lines().join(['1', '2', long, '3', '4'])).toEqual(['1\n2', long, '3\n4'])
})

test('bytes are no lines', () => {
  const bytes = new Uint8Array([10, 13])
  expect(new Lines().join(['1', '2', bytes, '3'])).toEqual(['1\n2', bytes, '3'])
})

test('whatever is joined, a client reads the same frames in the same order, and no message is too long', () => {
  const text = fc.integer({ min: 1, max: longestJoined + 9 }).map((length) => JSON.stringify('x'.repeat(length)))
  const frame = fc.oneof(
    { weight: 6, arbitrary: fc.json() },
    { weight: 3, arbitrary: text },
    { weight: 1, arbitrary: fc.uint8Array() },
  )
  fc.assert(
    fc.property(fc.array<Frame>(frame, { maxLength: 40 }), (frames) => {
      const messages = new Lines().join(frames)
      expect(read(messages)).toEqual(frames)
      for (const message of messages) {
        if (!frames.includes(message)) expect(message.length).toBeLessThanOrEqual(longestJoined)
      }
    }),
  )
})
