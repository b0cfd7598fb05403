import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import fc from 'fast-check'
import { checkRoomName, checkTenant, roomKey, roomOfKey } from './room-key.ts'

const refused = (check: () => unknown): boolean => {
  try {
    check()
    return false
  } catch (error) {
    if (error instanceof FanfareError && error.code === 'bad_name') return true
    throw error
  }
}

/** Close to the separators on purpose: chance alone rarely puts a colon where it hurts. */
const tricky = fc.string({ unit: fc.constantFrom('a', 'b', '1', '2', ':', '|', '.', '\0', 'é'), maxLength: 8 })

test('two different pairs of tenant and name never share a key', () => {
  fc.assert(
    fc.property(tricky, tricky, tricky, tricky, (tenant, name, otherTenant, otherName) => {
      const same = tenant === otherTenant && name === otherName
      expect(roomKey(tenant, name) === roomKey(otherTenant, otherName)).toBe(same)
    }),
    { numRuns: 2_000 },
  )
})

test('moving the border between tenant and name gives another key', () => {
  fc.assert(
    fc.property(tricky, fc.nat({ max: 8 }), fc.nat({ max: 8 }), (text, one, other) => {
      const cut = (at: number) => [text.slice(0, at), text.slice(at)] as const
      const [a, b] = [cut(Math.min(one, text.length)), cut(Math.min(other, text.length))]
      expect(roomKey(...a) === roomKey(...b)).toBe(a[0] === b[0])
    }),
    { numRuns: 1_000 },
  )
})

test('a key gives its tenant and name back', () => {
  fc.assert(
    fc.property(tricky, tricky, (tenantId, name) => {
      expect(roomOfKey(roomKey(tenantId, name))).toEqual({ tenantId, name })
    }),
  )
})

test.each([
  'lobby',
  'patient:507f1f77bcf86cd799439011:vitals',
  'a.b_c-d@e/f+g=h,i~j!k#l%m&n',
  'Zürich:東京:مرحبا',
  'constructor',
  'a'.repeat(255),
])('%s is a room name', (name) => {
  expect(checkRoomName(name)).toBe(name)
})

test.each([
  ['nothing', ''],
  ['a wildcard', 'patient:*'],
  ['a hash tag', 'patient:{x}'],
  ['a space', 'a b'],
  ['a line break', 'a\r\nid: 1'],
  ['a NUL', 'a\0b'],
  ['an escape', 'a\u001b[2J'],
  ['a DEL', 'a\u007f'],
  ['a C1 control', 'a\u0085'],
  ['a text direction override', 'a\u202eb'],
  ['a zero-width joiner', 'a\u200db'],
  ['a lone surrogate', 'a\ud800'],
  ['a decomposed letter', 'cafe\u0301'],
  ['an empty part', 'a::b'],
  ['an empty end', 'a:'],
  ['a step up', 'a:..:b'],
  ['a step nowhere', '.'],
  ['a prototype', 'a:__proto__'],
  ['256 bytes', 'a'.repeat(256)],
  ['256 bytes in 128 letters', 'é'.repeat(128)],
  ['a quote', 'a"b'],
  ['a backslash', 'a\\b'],
  ['a bar', 'a|b'],
])('%s is refused', (_, name) => {
  expect(refused(() => checkRoomName(name))).toBe(true)
})

test.each(['', 'a b', 'a:b', '../a', '.a', '-a', 'a\n', 'é', 'a'.repeat(65), 'a|b', '*'])(
  '%j is no tenant id',
  (tenantId) => {
    expect(refused(() => checkTenant(tenantId))).toBe(true)
  },
)

test('a tenant id is taken as it is', () => {
  expect(checkTenant('mercy-west.2')).toBe('mercy-west.2')
})
