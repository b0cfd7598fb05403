import { describe, expect, test } from 'bun:test'
import { badOrigins, normaliseOrigin, originAllowed } from './origin.ts'

const list = ['https://app.example.org', 'http://localhost:5173', 'capacitor://localhost', 'https://bücher.example']

describe('a list of origins', () => {
  const allowed: readonly string[] = [
    'https://app.example.org',
    'https://app.example.org:443',
    'HTTPS://APP.Example.ORG',
    'http://localhost:5173',
    'capacitor://localhost',
    'https://xn--bcher-kva.example',
  ]
  const refused: readonly string[] = [
    'null',
    '',
    '*',
    'https://evil.example',
    'https://app.example.org.evil',
    'https://evil.example/https://app.example.org',
    'https://evilapp.example.org',
    'https://sub.app.example.org',
    'https://app.example.org.',
    'https://app.example.org:444',
    'https://app.example.org:80',
    'http://app.example.org',
    'http://app.example.org:443',
    'https://app.example.org@evil.example',
    'https://app.example.org/',
    'https://app.example.org#',
    'https://app.example.org?',
    'https://app.example.org\\.evil.example',
    'https://app.example.org, https://evil.example',
    'https://app.example.org\n',
    ' https://app.example.org',
    'https://app.example.org ',
    '//app.example.org',
    'app.example.org',
    'http://localhost',
    'http://localhost:51730',
    'http://127.0.0.1:5173',
    'capacitor://localhost.evil',
    'file://',
  ]
  for (const origin of allowed) {
    test(`takes ${origin}`, () => expect(originAllowed(origin, 'other.example', list)).toBe(true))
  }
  for (const origin of refused) {
    test(`refuses ${JSON.stringify(origin)}`, () => expect(originAllowed(origin, 'other.example', list)).toBe(false))
  }
  test('does not take the host’s own origin unless it is listed', () => {
    expect(originAllowed('https://other.example', 'other.example', list)).toBe(false)
  })
})

test('with * any page may connect, those without an origin of their own too', () => {
  for (const origin of ['https://app.example.org', 'http://elsewhere.example:81', 'null', undefined]) {
    expect(originAllowed(origin, 'other.example', '*')).toBe(true)
  }
  expect(originAllowed('https://app.example.org', 'other.example', ['*'])).toBe(false)
})

test('an empty list refuses every page and takes what is no page', () => {
  expect(originAllowed('https://app.example.org', 'app.example.org', [])).toBe(false)
  expect(originAllowed(undefined, 'app.example.org', [])).toBe(true)
  expect(originAllowed(null, 'app.example.org', [])).toBe(true)
})

test('an entry that is no origin matches nothing, not even itself', () => {
  const bad = ['*', 'null', 'app.example.org', 'https://*.example.org', 'https://app.example.org/path', '']
  for (const entry of bad) expect(originAllowed(entry, 'x', [entry])).toBe(false)
  expect(originAllowed('https://sub.example.org', 'x', bad)).toBe(false)
  expect(badOrigins([...list, ...bad])).toEqual(bad)
})

describe('same origin', () => {
  const cases: readonly (readonly [origin: string, host: string | undefined, allowed: boolean])[] = [
    ['http://127.0.0.1:8080', '127.0.0.1:8080', true],
    ['https://app.example.org', 'app.example.org', true],
    ['https://app.example.org', 'app.example.org:443', true],
    ['http://app.example.org:80', 'APP.example.org', true],
    ['http://[::1]:8080', '[::1]:8080', true],
    ['http://app.example.org', 'app.example.org:443', false],
    ['https://app.example.org:8443', 'app.example.org', false],
    ['https://evil.example', 'app.example.org', false],
    ['https://app.example.org', 'app.example.org.evil', false],
    ['https://app.example.org', 'evil.example/app.example.org', false],
    ['https://app.example.org', 'x@app.example.org', false],
    ['null', 'app.example.org', false],
    ['https://app.example.org', undefined, false],
    ['https://app.example.org', '', false],
  ]
  for (const [origin, host, allowed] of cases) {
    test(`${origin} on ${host}: ${allowed}`, () => expect(originAllowed(origin, host, 'same-origin')).toBe(allowed))
  }
})

test('one way to write an origin', () => {
  expect(normaliseOrigin('HTTP://Example.ORG:80')).toBe('http://example.org')
  expect(normaliseOrigin('https://example.org:8443')).toBe('https://example.org:8443')
  expect(normaliseOrigin('http://example.org:99999')).toBeUndefined()
})
