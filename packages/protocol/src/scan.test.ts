import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { FanfareError } from './error.ts'
import { parseJson, scanJson } from './scan.ts'

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof FanfareError ? error.code : String(error)
  }
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const flat = (keys: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, n) => [n, n])))

test('takes 32 levels and refuses the 33rd', () => {
  expect(codeOf(() => scanJson(nested(32)))).toBeUndefined()
  expect(codeOf(() => scanJson(nested(33)))).toBe('unsafe_json')
})

test('counts levels that are open, not brackets that were seen', () => {
  expect(codeOf(() => scanJson(`[${'[],{},'.repeat(5_000)}1]`))).toBeUndefined()
})

test('a depth of 100,000 is refused before anything parses it', () => {
  expect(codeOf(() => parseJson('['.repeat(100_000)))).toBe('unsafe_json')
})

test('takes 1,000 keys and refuses one more', () => {
  expect(codeOf(() => scanJson(flat(1_000)))).toBeUndefined()
  expect(codeOf(() => scanJson(flat(1_001)))).toBe('unsafe_json')
})

test.each([
  '{"__proto__":{"admin":true}}',
  '{"a":{"constructor":1}}',
  '[{"prototype" \t\n : 1}]',
  '{"\\u005f_proto__":1}',
  '{"\\u0063\\u006f\\u006e\\u0073\\u0074\\u0072\\u0075\\u0063\\u0074\\u006F\\u0072":1}',
  '{"a":"\\\\","__proto__":1}',
])('refuses the unsafe key in %s', (text) => {
  expect(codeOf(() => scanJson(text))).toBe('unsafe_json')
})

test.each([
  '"__proto__"',
  '["constructor",{"a":1}]',
  '{"a":"{\\"__proto__\\":1}"}',
  '{"_proto_":1,"constructors":1,"Prototype":1}',
  '{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
  '{"a":"\\"}]:::","b":":"}',
])('takes %s, where nothing unsafe is a key', (text) => {
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

test.each(['', 'a', '\\\\', '\\"', '\\\\\\"', '\\\\\\\\', '\\"a', '\\u0041'])(
  'finds the end of a string of any length that ends in %j',
  (ending) => {
    for (let length = 0; length < 80; length++) {
      const string = 'a'.repeat(length) + ending
      const more = 'b'.repeat(80 - length)
      expect(codeOf(() => scanJson(`{"a":"${string}","__proto__":1}`))).toBe('unsafe_json')
      expect(codeOf(() => scanJson(`{"a":"${string}${more}","__proto__":1}`))).toBe('unsafe_json')
      expect(codeOf(() => parseJson(`{"a":"${string}\\",\\"__proto__\\":1}"}`))).toBeUndefined()
      expect(codeOf(() => parseJson(`{"a":"${string}`))).toBe('bad_frame')
    }
  },
)

test.each(['', '{', '{"a":NaN}', '{"a":01}', '"\u0001"', '{"a":1}x', "{'a':1}", '"'])('%j is no JSON', (text) => {
  expect(codeOf(() => parseJson(text))).toBe('bad_frame')
})

test('limits can be set', () => {
  expect(codeOf(() => scanJson('[[]]', { depth: 1, keys: 1 }))).toBe('unsafe_json')
  expect(codeOf(() => scanJson('{"a":1,"b":2}', { depth: 1, keys: 1 }))).toBe('unsafe_json')
})

test('agrees with a walk over the parsed value, whatever the JSON', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'prototype', 'a"b', 'c:d', '\\'))
  const leaf = fc.oneof(fc.string(), fc.integer(), key).map((made) => JSON.stringify(made))
  const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
    object: fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, text]) => `${JSON.stringify(name)} :${text}`).join(',')}}`),
  }))
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), (json, depth, keys) => {
      const seen = measure(json)
      // A repeated key is parsed once but written twice: out of the model's reach.
      fc.pre(seen !== undefined)
      const expected = seen.unsafe || seen.depth > depth || seen.keys > keys
      expect(codeOf(() => scanJson(json, { depth, keys })) !== undefined).toBe(expected)
    }),
    { numRuns: 500 },
  )
})

/** The slow and obvious way, over the parsed value. */
const measure = (json: string): { depth: number; keys: number; unsafe: boolean } | undefined => {
  const names: string[] = []
  let depth = 0
  const walk = (value: unknown, level: number): void => {
    depth = Math.max(depth, level)
    if (typeof value !== 'object' || value === null) return
    if (!Array.isArray(value)) names.push(...Object.getOwnPropertyNames(value))
    for (const inner of Object.values(value)) walk(inner, level + 1)
    if (Array.isArray(value) || Object.keys(value).length === 0) depth = Math.max(depth, level + 1)
  }
  walk(JSON.parse(json), 0)
  const written = [...json.matchAll(/"(?:[^"\\]|\\.)*"\s*:/g)].length
  const unsafe = names.some((name) => ['__proto__', 'constructor', 'prototype'].includes(name))
  return written === names.length ? { depth, keys: names.length, unsafe } : undefined
}
