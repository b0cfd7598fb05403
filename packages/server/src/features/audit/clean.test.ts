/** What clients may say of themselves cannot forge a line, grow without end, or carry a secret into the audit. */
import { expect, test } from 'bun:test'
import type { AuditEntry } from '../../model/audit.ts'
import { checkEntry, cleanEntry } from './clean.ts'

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  tenantId: 'clinic',
  action: 'room.refused',
  actor: { kind: 'user', id: 'ann' },
  ...more,
})

test('line ends and other control characters are written out', () => {
  const kept = cleanEntry(entry({ subject: 'a\r\nb\u0000c\u2028d\u202ee', actor: { kind: 'user', id: 'x\ny' } }), 5)
  expect(kept.subject).toBe('a\\u000d\\u000ab\\u0000c\\u2028d\\u202ee')
  expect(kept.actorId).toBe('x\\u000ay')
  expect(kept.at).toBe(5)
})

test('what is long is cut, and half a character becomes none', () => {
  const detail = {
    text: 'x'.repeat(10_000),
    number: Number.NaN,
    ...Object.fromEntries([...'abcdefghijklmnopqrstu'].map((n) => [n, 1])),
  }
  const kept = cleanEntry(entry({ subject: 'y'.repeat(10_000), detail }), 0)
  expect(kept.subject).toHaveLength(300)
  expect(kept.detail?.length).toBeLessThan(1_000)
  expect(Object.keys(JSON.parse(kept.detail ?? ''))).toHaveLength(16)
  expect(JSON.parse(kept.detail ?? '').number).toBe('NaN')
  expect(cleanEntry(entry({ subject: 'a\ud800b' }), 0).subject).toBe('a\ufffdb')
})

test('tokens and keys are not kept, wherever they are put', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
  const key = `ff_0123456789abcdef_${'S'.repeat(43)}`
  for (const secret of [token, key, `Bearer ${'k'.repeat(20)}`]) {
    const kept = cleanEntry(
      entry({ subject: `room ${secret}`, detail: { said: secret }, actor: { kind: 'user', id: secret } }),
      0,
    )
    expect(JSON.stringify(kept)).not.toContain(secret)
    expect(kept.subject).toContain('[secret]')
  }
  const atTheEdge = cleanEntry(entry({ subject: `${'a '.repeat(145)}${token}` }), 0)
  expect(atTheEdge.subject).not.toContain('eyJ')
})

test('the same detail is the same text, in whatever order it was given', () => {
  const one = cleanEntry(entry({ detail: { a: 1, b: 'x' } }), 0)
  const other = cleanEntry(entry({ detail: { b: 'x', a: 1 } }), 0)
  expect(one.detail).toBe(other.detail)
})

test('the application is told what is wrong with an entry of its own', () => {
  const { tenantId: _, ...good } = entry({ detail: { a: 1 } })
  expect(() => checkEntry(good)).not.toThrow()
  expect(() => checkEntry({ ...good, action: 'Bad Action' as 'administration' })).toThrow('small letters')
  expect(() => checkEntry({ ...good, detail: { nested: {} as string } })).toThrow('nested')
  expect(() => checkEntry({ ...good, at: Number.NaN })).toThrow('at is a time')
  expect(() => checkEntry({ ...good, actor: { kind: 'user', id: 7 as unknown as string } })).toThrow('actor')
})
