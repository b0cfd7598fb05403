import { expect, test } from 'bun:test'
import { payloadOf } from '../lib/payload.ts'
import { NumberPlace } from './number-place.ts'

const find = (place: NumberPlace, text: string): string | undefined => {
  const bytes = Buffer.from(`before${text}after`)
  const at = place.find(bytes, 6, 6 + text.length)
  return at < 0 ? undefined : bytes.toString('latin1', at, at + 6)
}

test('the number is found from the start where what follows it has any width', () => {
  const place = new NumberPlace('start', 100)
  expect(find(place, `["tick",${payloadOf(7, 100)},1]`)).toBe('000007')
  expect(find(place, `["tick",${payloadOf(999_999, 100)},1000]`)).toBe('999999')
  expect(place.frameBytes).toBe(111)
})

test('the number is found from the end where what is before it has any width', () => {
  const place = new NumberPlace('end', 4_096)
  expect(find(place, `id: 1:9\ndata: ${payloadOf(9, 4_096)}`)).toBe('000009')
  expect(find(place, `id: 1:10\ndata: ${payloadOf(10, 4_096)}`)).toBe('000010')
})

test('what is shorter than a payload, or has no number at its place, is no message', () => {
  const place = new NumberPlace('start', 100)
  expect(find(place, ':')).toBeUndefined()
  expect(find(place, payloadOf(1, 100))).toBe('000001')
  expect(find(place, 'x'.repeat(200))).toBeUndefined()
})

test('a first message that is none of ours is a failure, not a figure', () => {
  expect(() => find(new NumberPlace('start', 100), 'x'.repeat(200))).toThrow('no event of ours')
})
