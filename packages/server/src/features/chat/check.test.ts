import { expect, test } from 'bun:test'
import {
  checkAttachments,
  checkCount,
  checkData,
  checkLimit,
  checkReaction,
  checkRoomId,
  checkText,
  checkTitle,
  checkUserId,
} from './check.ts'

const attachment = { name: 'scan.png', url: 'https://files.example/1', type: 'image/png', size: 10 }
const ofUrl = (url: string) => () => checkAttachments([{ ...attachment, url }], { attachments: 1 })

test('a reference leads to the web or to a path of the application, and never to anything that runs', () => {
  for (const url of ['https://a.example/x?y=1', 'http://a.example', '/files/1', 'files/1', './1', '?id=a:b', '/a:b']) {
    expect(ofUrl(url)()).toEqual([{ ...attachment, url }])
  }
  const wrong = ['javascript:alert(1)', 'JAVASCRIPT:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'blob:x', '']
  const odd = [
    '//evil.example',
    '\\\\evil',
    '/\\evil',
    'java\nscript:x',
    ' https://a',
    'https:a',
    'https://u:p@a.example',
  ]
  for (const url of [...wrong, ...odd, `/${'x'.repeat(3_000)}`]) expect(ofUrl(url)).toThrow('url of an attachment')
})

test('an attachment says what it is, and how large', () => {
  const check = (part: object) => () => checkAttachments([{ ...attachment, ...part }], { attachments: 1 })
  expect(check({ type: 'png' })).toThrow('media type')
  for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(check({ size })).toThrow('bytes')
  expect(check({ name: 'a\u0000b' })).toThrow('name')
  expect(() => checkAttachments([attachment, attachment], { attachments: 1 })).toThrow('at most 1')
  const more = { ...attachment, evil: true }
  expect(checkAttachments([more], { attachments: 1 })).toEqual([attachment])
})

test('a text is text: HTML stays as it is, control characters do not come in', () => {
  const limits = { textLength: 20 }
  expect(checkText('<b>hi</b>\r\n\tyou\r', limits)).toBe('<b>hi</b>\n\tyou\n')
  for (const text of ['a\u0000', '\u001b[31m', 'a\u007f', '\ud800']) {
    expect(() => checkText(text, limits)).toThrow('control characters')
  }
  expect(() => checkText('x'.repeat(1_000_000), limits)).toThrow('at most 20')
  expect(() => checkTitle('a\nb')).toThrow('control')
})

test('the id of a room can stand in the names of its rooms', () => {
  expect(checkRoomId('visit-42')).toBe('visit-42')
  for (const id of ['', 'a:b', 'a b', 'a\n', '..', '__x', 'a|b', 'x'.repeat(250), '{a}', '*']) {
    expect(() => checkRoomId(id)).toThrow()
  }
})

test('user ids, reactions, data and numbers have bounds', () => {
  expect(checkUserId('auth0|7')).toBe('auth0|7')
  for (const id of ['', 'x'.repeat(256), 'a\nb']) expect(() => checkUserId(id)).toThrow('user id')
  expect(checkReaction('👍🏽')).toBe('👍🏽')
  for (const reaction of ['', '__proto__', 'constructor', 'x'.repeat(1_000_000)]) {
    expect(() => checkReaction(reaction)).toThrow('A reaction')
  }
  expect(() => checkData('x'.repeat(20_000))).toThrow('at most')
  for (const count of [-1, Number.NaN, 1.5, Number.NEGATIVE_INFINITY])
    expect(() => checkCount(count, 'n')).toThrow('n is')
  expect(checkCount(1e300, 'n')).toBe(Number.MAX_SAFE_INTEGER)
  expect(checkLimit(1_000_000, 100)).toBe(100)
  for (const limit of [0, -1, Number.NaN, 0.5]) expect(() => checkLimit(limit, 100)).toThrow('limit')
})
