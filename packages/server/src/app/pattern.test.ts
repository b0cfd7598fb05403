import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ambiguous, bySpecificity, covers, fillPattern, matchPattern, parsePattern } from './pattern.ts'

const room = (text: string) => parsePattern(text, ':')

test('a parameter takes exactly one segment that is not empty', () => {
  const pattern = room('patient:{patientId}:vitals')
  expect(matchPattern(pattern, ['patient', '42', 'vitals'])).toEqual({ patientId: '42' })
  expect(matchPattern(pattern, ['patient', '', 'vitals'])).toBeUndefined()
  expect(matchPattern(pattern, ['patient', '42', 'vital'])).toBeUndefined()
  expect(matchPattern(pattern, ['patient', '42'])).toBeUndefined()
})

test.each(['patient-{id}', '{id', 'id}', '{}', '{1}', '{a b}', '{__proto__}', '{constructor}', '{prototype}', 'a*'])(
  'refuses the segment %s and says how to write one',
  (segment) => {
    expect(() => room(`a:${segment}`)).toThrow(/is no segment: write/)
  },
)

test('refuses a parameter that is there twice', () => {
  expect(() => room('{id}:{id}')).toThrow('{id} is there twice')
})

test('two patterns are ambiguous only when neither is the more specific', () => {
  expect(ambiguous(room('a:{x}'), room('a:{y}'))).toBe(true)
  expect(ambiguous(room('a:{x}:c'), room('a:b:{y}'))).toBe(true)
  expect(ambiguous(room('a:{x}'), room('a:b'))).toBe(false)
  expect(ambiguous(room('a:{x}'), room('b:{x}'))).toBe(false)
  expect(ambiguous(room('a:{x}'), room('a:{x}:c'))).toBe(false)
})

test('a literal segment beats a parameter, in whatever order they were written', () => {
  for (const texts of [
    ['device:{id}', 'device:all'],
    ['device:all', 'device:{id}'],
  ]) {
    const sorted = bySpecificity(texts.map((text) => ({ pattern: room(text) }))).get(2)!
    expect(sorted.find(({ pattern }) => matchPattern(pattern, ['device', 'all']))!.pattern.text).toBe('device:all')
  }
})

test('what a pattern is filled with comes back from matching it', () => {
  const value = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('constructor', 'toString', '__proto__', '{x}'))
  const pattern = room('a:{x}:b:{y}')
  fc.assert(
    fc.property(value, value, (x, y) => {
      fc.pre(!x.includes(':') && !y.includes(':'))
      expect(matchPattern(pattern, fillPattern(pattern, { x, y }).split(':'))).toEqual({ x, y })
    }),
  )
})

test('to cover is to match every name that the other matches', () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '{p}'), { minLength: 1, maxLength: 3 })
    .map((parts) => room(parts.map((part, index) => (part === '{p}' ? `{p${index}}` : part)).join(':')))
  const names = ['a', 'b', 'c'].flatMap((one) => [
    [one],
    ...['a', 'b', 'c'].flatMap((two) => [[one, two], ...['a', 'b', 'c'].map((three) => [one, two, three])]),
  ])
  fc.assert(
    fc.property(pattern, pattern, (outer, inner) => {
      const every = names.every((name) => !matchPattern(inner, name) || matchPattern(outer, name) !== undefined)
      expect(covers(outer, inner)).toBe(every)
    }),
  )
})
