import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import fc from 'fast-check'
import { isLargerAsJson, jsonBytes } from './json-size.ts'

const values: readonly Json[] = [
  '',
  'é€𝄞',
  '\u0000\u001f"\\/',
  '\ud800',
  -1.2345678901234567e-308,
  -1.7976931348623157e308,
  -0.0000012345678901234567,
  [],
  {},
  [[], [{}], null, true, false],
  { '': { '\u0001"': [1, 2] } },
]

test.each(values.map((value) => [value] as const))('the limit holds to the byte: %j', (value) => {
  const bytes = Buffer.byteLength(JSON.stringify(value))
  expect(jsonBytes(value)).toBe(bytes)
  expect(isLargerAsJson(value, bytes)).toBe(false)
  expect(isLargerAsJson(value, bytes - 1)).toBe(true)
})

test('nothing is taken for smaller than it is, nor for larger', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.integer({ min: -3, max: 3 }), (value, more) => {
      const bytes = Buffer.byteLength(JSON.stringify(value))
      expect(isLargerAsJson(value as Json, bytes + more)).toBe(more < 0)
    }),
  )
})

test('no number is taken for smaller than it is, however it is written', () => {
  for (let power = -340; power <= 308; power++) {
    for (const digits of ['-1.2345678901234567', '-9.8765432109876543', '7', '-0']) {
      const value = Number(`${digits}e${power}`)
      expect(isLargerAsJson(value, JSON.stringify(value).length - 1)).toBe(true)
    }
  }
})
