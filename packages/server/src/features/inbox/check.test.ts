import { expect, test } from 'bun:test'
import type { FanfareError, NewNotification } from '@fanfare/protocol'
import { checkNotification, hasInbox } from './check.ts'
import { toUser } from './inbox.world.ts'

const refusal = (given: unknown): string => {
  try {
    checkNotification(given as NewNotification)
    return 'taken'
  } catch (error) {
    return (error as FanfareError).code
  }
}

test('what is no notification is refused, and says which part is wrong', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['invalid_payload', toUser('ann', { kind: '' })],
    ['invalid_payload', toUser('ann', { kind: '*' })],
    ['invalid_payload', toUser('ann', { kind: 'x'.repeat(65) })],
    ['invalid_payload', toUser('ann', { kind: 'a\nb' })],
    ['invalid_payload', toUser('ann', { title: '' })],
    ['too_large', toUser('ann', { title: 'x'.repeat(1_000_000) })],
    ['too_large', toUser('ann', { message: 'x'.repeat(4_001) })],
    ['too_large', toUser('ann', { data: 'ä'.repeat(8_192) })],
    ['invalid_payload', toUser('ann', { data: { at: new Date() } as never })],
    ['invalid_payload', toUser('ann', { data: { a: Number.NaN } })],
    ['invalid_payload', toUser('ann', { key: '' })],
    ['invalid_payload', toUser('ann', { key: 'k'.repeat(129) })],
    ['invalid_payload', toUser('ann', { title: 7 as never })],
    ['invalid_payload', toUser('ann', { title: '\ud800' })],
    ['invalid_payload', { ...toUser('ann'), to: {} }],
    ['invalid_payload', { ...toUser('ann'), to: null }],
    ['invalid_payload', { ...toUser('ann'), to: { userId: 'ann', topic: 'news' } }],
    ['invalid_payload', { ...toUser('ann'), to: { topic: '' } }],
    ['invalid_payload', { ...toUser('ann'), to: { topic: 'a\u0000b' } }],
    ['invalid_payload', { ...toUser('ann'), to: { role: 7 } }],
    ['invalid_payload', { ...toUser('ann'), to: { room: 'x' } }],
    ['invalid_payload', toUser('')],
    ['invalid_payload', toUser('a\nb')],
    ['invalid_payload', toUser('|'.repeat(100))],
  ]
  for (const [code, given] of wrong) expect([code, given]).toEqual([refusal(given), given])
})

test('names of any script and of members that every object has are names like others', () => {
  for (const name of ['constructor', 'toString', 'größe', '通知', 'a.b_c-d/e']) {
    expect(refusal(toUser('ann', { kind: name, to: { topic: name } }))).toBe('taken')
  }
})

test('HTML stays the text that it is', () => {
  const html = '<img src=x onerror=alert(1)>'
  expect(checkNotification(toUser('ann', { title: html, message: html })).content).toEqual({
    title: html,
    message: html,
  })
})

test('an inbox is for users whose id fits into a room’s name', () => {
  const ids = ['ann', 'ann@example.com', 'user-7', 'Ünal', 'auth0|7', 'a:b', '..', '__x']
  expect(ids.filter((id) => !hasInbox(id))).toEqual([])
  expect(['', '|'.repeat(100), 'x'.repeat(200), 'a\u0000'].filter(hasInbox)).toEqual([])
})
