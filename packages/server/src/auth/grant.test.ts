import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { GrantRule } from '../store/trust-store.ts'
import { addRules, coversGrant, type Grant, mayDo, parseGrant, parseRules } from './grant.ts'

const may = (question: string, rules: readonly GrantRule[], token: readonly string[] = []): boolean =>
  mayDo(
    parseGrant(question)!,
    parseRules(rules),
    token.map((text) => parseGrant(text)!),
  )

describe('the grammar', () => {
  test('reads two parts or three, with colons in the last', () => {
    expect(parseGrant('read:patient')).toEqual({ action: 'read', resource: 'patient', id: '*' })
    expect(parseGrant('read:patient:42')).toEqual({ action: 'read', resource: 'patient', id: '42' })
    expect(parseGrant('*:room:patient:42:vitals')).toEqual({ action: '*', resource: 'room', id: 'patient:42:vitals' })
  })
  const bad = [
    '',
    'read',
    ':',
    'read:',
    ':patient',
    'read:patient:',
    'read:pat*',
    'r*:patient',
    'read:patient:4*',
    'a b:c',
    'read:patient:a b',
    'read:patient:\n',
    '-a:b',
  ]
  for (const text of bad) test(`refuses ${JSON.stringify(text)}`, () => expect(parseGrant(text)).toBeUndefined())
})

describe('the newest word wins', () => {
  const revoked = addRules([], ['read:patient:42'], 'revoke')

  test('a revocation over a broader grant of the token, and only for what it names', () => {
    expect(may('read:patient:42', revoked, ['read:patient:*'])).toBe(false)
    expect(may('read:patient:42', revoked, ['*:*:*'])).toBe(false)
    expect(may('read:patient:43', revoked, ['read:patient:*'])).toBe(true)
    expect(may('write:patient:42', revoked, ['*:patient:*'])).toBe(true)
  })
  test('until it is granted again, by name or more broadly', () => {
    for (const again of ['read:patient:42', 'read:patient', '*:*']) {
      expect(may('read:patient:42', addRules(revoked, [again], 'grant'))).toBe(true)
    }
    expect(may('read:patient:42', addRules(revoked, ['read:patient:43'], 'grant'), ['read:patient:*'])).toBe(false)
  })
  test('one exception to a broad revocation', () => {
    const rules = addRules(addRules([], ['read:patient'], 'revoke'), ['read:patient:42'], 'grant')
    expect(may('read:patient:42', rules, ['read:patient'])).toBe(true)
    expect(may('read:patient:43', rules, ['read:patient'])).toBe(false)
  })
  test('a question about the resource as a whole needs a grant for every id', () => {
    expect(may('read:patient', [], ['read:patient:42'])).toBe(false)
    expect(may('read:patient', [], ['read:patient'])).toBe(true)
    expect(may('read:patient', revoked, ['read:patient'])).toBe(true)
  })
})

const part = fc.constantFrom('a', 'b', '*')
const grant = fc.tuple(part, part, part).map((parts) => parts.join(':'))
const word = fc.record({
  patterns: fc.array(grant, { minLength: 1, maxLength: 3 }),
  effect: fc.constantFrom('grant' as const, 'revoke' as const),
})
const asked: readonly Grant[] = ['a', 'b'].flatMap((action) =>
  ['a', 'b'].flatMap((resource) => ['a', 'b', 'c', '*'].map((id) => ({ action, resource, id }))),
)

test('kept rules answer every question as the whole history of what was said does', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(grant, { maxLength: 3 }), (history, token) => {
      let rules: readonly GrantRule[] = []
      for (const { patterns, effect } of history) rules = addRules(rules, patterns, effect)
      const fromToken = token.map((text) => parseGrant(text)!)
      for (const question of asked) {
        let naive = fromToken.some((held) => coversGrant(held, question))
        for (const { patterns, effect } of history) {
          const [action, resource, id] = [question.action, question.resource, question.id]
          const fits = (text: string) =>
            text.split(':').every((wanted, index) => wanted === '*' || wanted === [action, resource, id][index])
          if (patterns.some(fits)) naive = effect === 'grant'
        }
        expect(mayDo(question, parseRules(rules), fromToken)).toBe(naive)
      }
    }),
    { numRuns: 300 },
  )
})

test('no two kept rules say the same, however often it is said', () => {
  let rules: readonly GrantRule[] = []
  for (let round = 0; round < 100; round++) {
    rules = addRules(rules, ['read:patient:42', 'read:patient:43'], round % 2 ? 'grant' : 'revoke')
  }
  expect(rules).toHaveLength(2)
})
