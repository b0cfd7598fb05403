import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import fc from 'fast-check'
import { plainJson } from './plain-json.ts'

const refusal = (value: unknown): string => {
  try {
    return `taken: ${JSON.stringify(plainJson(value, 'said'))}`
  } catch (error) {
    if (error instanceof FanfareError && error.code === 'invalid_payload') return error.message
    throw error
  }
}

test('whatever JSON can say comes through unchanged', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)))
      expect(JSON.stringify(plainJson(value, 'said'))).toBe(JSON.stringify(value))
    }),
  )
})

test('the copy does not change when the original does', () => {
  const original = { list: [{ text: 'before' }] }
  const copy = plainJson(original, 'said')
  original.list[0]!.text = 'after'
  expect(copy).toEqual({ list: [{ text: 'before' }] })
})

test('a member that is undefined is left out', () => {
  expect(plainJson({ a: 1, b: undefined }, 'said')).toStrictEqual({ a: 1 })
})

test.each([
  [{ a: { b: [1, Number.NaN] } }, 'said: a.b.1: NaN is no JSON number.'],
  [Number.POSITIVE_INFINITY, 'said: Infinity is no JSON number.'],
  [{ when: new Date(0) }, 'said: when: a Date is not plain JSON'],
  [{ seen: new Map() }, 'said: seen: a Map is not plain JSON'],
  [[undefined], 'said: 0: undefined is not JSON.'],
  [1n, 'said: bigint is not JSON.'],
  [{ run: () => 1 }, 'said: run: function is not JSON.'],
  [undefined, 'said: undefined is not JSON.'],
  [JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'said: a.__proto__: this key is not allowed.'],
  [{ constructor: 1 }, 'said: constructor: this key is not allowed.'],
])('refuses what JSON would drop or change: case %#', (value, message) => {
  expect(refusal(value)).toContain(message)
})

test('a value that contains itself is refused, not followed for ever', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  expect(refusal(loop)).toContain('deeper than 32 levels')
})
