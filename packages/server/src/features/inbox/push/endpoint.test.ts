import { expect, test } from 'bun:test'
import { createECDH } from 'node:crypto'
import { checkSubscription, pushIdOf } from './endpoint.ts'

const pair = createECDH('prime256v1')
pair.generateKeys()
const keys = { p256dh: pair.getPublicKey('base64url'), auth: Buffer.alloc(16, 1).toString('base64url') }
const at = (endpoint: string) => ({ endpoint, keys })

test('addresses of push services are taken', () => {
  for (const endpoint of [
    'https://fcm.googleapis.com/fcm/send/abc:def',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAA',
    'https://web.push.apple.com/QGu',
    'https://8.8.8.8/x',
  ]) {
    expect(checkSubscription(at(endpoint), 'production')).toEqual(at(endpoint))
  }
})

test('addresses inside are refused in production, however they are written', () => {
  for (const endpoint of [
    'http://fcm.googleapis.com/x',
    'https://127.0.0.1/x',
    'https://127.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/x',
    'https://localhost/x',
    'https://redis:6379/x',
    'https://user:secret@example.com/x',
    'ftp://example.com/x',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '',
    `https://example.com/${'x'.repeat(2_048)}`,
  ]) {
    expect(() => checkSubscription(at(endpoint), 'production')).toThrow('endpoint')
  }
})

test('in development a push service may be on the machine itself, and nowhere else inside', () => {
  for (const endpoint of ['http://127.0.0.1:4000/x', 'http://localhost/x', 'https://[::1]/x']) {
    expect(checkSubscription(at(endpoint), 'development')).toEqual(at(endpoint))
  }
  for (const endpoint of ['http://10.0.0.1/x', 'https://192.168.1.1/x', 'http://example.com/x']) {
    expect(() => checkSubscription(at(endpoint), 'development')).toThrow('endpoint')
  }
})

test('keys that are none are refused before anything is encrypted with them', () => {
  const offCurve = Buffer.alloc(65, 7)
  offCurve[0] = 4
  const wrong = [
    { ...keys, auth: 'short' },
    { ...keys, auth: keys.auth + keys.auth },
    { ...keys, p256dh: keys.auth },
    { ...keys, p256dh: offCurve.toString('base64url') },
    { ...keys, p256dh: '<script>' },
    { ...keys, p256dh: 7 as never },
  ]
  for (const one of wrong) {
    expect(() => checkSubscription({ endpoint: 'https://example.com/x', keys: one }, 'production')).toThrow('keys')
  }
})

test('more than the subscription is not kept', () => {
  const given = { ...at('https://example.com/x'), expirationTime: null, more: 'x'.repeat(100) }
  expect(checkSubscription(given, 'production')).toEqual(at('https://example.com/x'))
})

test('a browser’s name does not give its address away', () => {
  expect(pushIdOf('https://example.com/x')).toMatch(/^[A-Za-z0-9_-]{32}$/)
  expect(pushIdOf('https://example.com/x')).not.toBe(pushIdOf('https://example.com/y'))
})
