import { describe, expect, test } from 'bun:test'
import { checkClaimed, checkRefresh, credentialsOf } from './credentials.ts'

const request = (path: string, headers: { [name: string]: string } = {}) =>
  new Request(`http://127.0.0.1:8080${path}`, { headers })
const shown = (path: string, headers: { [name: string]: string } = {}, options = {}) =>
  credentialsOf(request(path, headers), options)

describe('finds', () => {
  test('a token in the header, whatever the case of the scheme', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
      expect(shown('/', { authorization: `${scheme} a.b.c` }).credentials).toEqual({ kind: 'token', token: 'a.b.c' })
    }
  })

  test('an API key where a token would be', () => {
    expect(shown('/', { authorization: 'Bearer ff_1_2' }).credentials).toEqual({ kind: 'key', key: 'ff_1_2' })
  })

  test('a token in the subprotocols, and answers with the other one only', () => {
    for (const list of ['fanfare.v1, bearer.a.b.c', 'bearer.a.b.c,fanfare.v1']) {
      const { credentials, protocol } = shown('/', { 'sec-websocket-protocol': list })
      expect(credentials).toEqual({ kind: 'token', token: 'a.b.c' })
      expect(protocol).toBe('fanfare.v1')
    }
    expect(shown('/', { 'sec-websocket-protocol': 'bearer.a.b.c' }).protocol).toBeUndefined()
    expect(shown('/', { 'sec-websocket-protocol': 'fanfare.v2' }).protocol).toBeUndefined()
  })

  test('that the client reads several frames a message, wherever in its list it says so', () => {
    for (const list of [
      'fanfare.v1.lines, fanfare.v1',
      'bearer.a.b.c, fanfare.v1, fanfare.v1.lines',
      'fanfare.v1.lines',
    ]) {
      expect(shown('/', { 'sec-websocket-protocol': list }).protocol).toBe('fanfare.v1.lines')
    }
  })

  test('a ticket in the address', () => {
    expect(shown('/?ticket=abc').credentials).toEqual({ kind: 'ticket', ticket: 'abc' })
  })

  test('a token in the address only where that is allowed', () => {
    expect(shown('/?token=a.b.c', {}, { tokenInQuery: true }).credentials).toEqual({ kind: 'token', token: 'a.b.c' })
    expect(() => shown('/?token=a.b.c')).toThrow('Get a ticket')
    expect(() => shown('/?token=a.b.c', { authorization: 'Bearer a.b.c' })).toThrow('Get a ticket')
  })

  test('nothing, when a token may still come in a frame', () => {
    expect(shown('/?room=a&ticket=')).toEqual({ credentials: { kind: 'none' }, protocol: undefined, origin: undefined })
  })

  test('the same token shown twice', () => {
    const headers = { authorization: 'Bearer a.b.c', 'sec-websocket-protocol': 'fanfare.v1, bearer.a.b.c' }
    expect(shown('/', headers).credentials).toEqual({ kind: 'token', token: 'a.b.c' })
  })

  test('the page that asks', () => {
    expect(shown('/', { origin: 'https://app.example.org' }).origin).toBe('https://app.example.org')
  })
})

describe('refuses', () => {
  const contradictions: readonly (readonly [path: string, headers: { [name: string]: string }])[] = [
    ['/?ticket=abc', { authorization: 'Bearer a.b.c' }],
    ['/?ticket=abc&ticket=def', {}],
    ['/', { authorization: 'Bearer a.b.c', 'sec-websocket-protocol': 'fanfare.v1, bearer.x.y.z' }],
    ['/', { 'sec-websocket-protocol': 'bearer.a.b.c, bearer.x.y.z' }],
    ['/', { authorization: 'Bearer a.b.c, Bearer x.y.z' }],
    ['/?token=a.b.c&token=x.y.z', {}],
    ['/?ticket=a.b.c&token=a.b.c', {}],
  ]
  for (const [path, headers] of contradictions) {
    test(`${path} with ${JSON.stringify(headers)}`, () => {
      expect(() => shown(path, headers, { tokenInQuery: true })).toThrow(
        expect.objectContaining({ code: 'unauthenticated' }),
      )
    })
  }

  test('another scheme, or a bearer of nothing', () => {
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer ', 'a.b.c', 'Bearer a b']) {
      expect(() => shown('/', { authorization })).toThrow('Authorization')
    }
    expect(() => shown('/', { 'sec-websocket-protocol': 'bearer.' })).toThrow('empty')
  })
})

const ann = { tenantId: 'acme', userId: '17', roles: [], grants: [], claims: {}, expiresAt: 0 }

test('what a client says about itself must be what is proved', () => {
  const claimed = (query: string) => () => checkClaimed(ann, new URLSearchParams(query))
  for (const query of ['', 'tenantId=acme', 'userId=17&tenantId=acme', 'tenant=other'])
    expect(claimed(query)).not.toThrow()
  for (const query of ['tenantId=other', 'tenantId=', 'tenantId=ACME', 'userId=18', 'tenantId=acme&tenantId=other']) {
    expect(claimed(query)).toThrow(expect.objectContaining({ code: 'tenant_mismatch' }))
  }
  expect(() => checkClaimed({ tenantId: 'acme' }, new URLSearchParams('userId=17'))).toThrow()
})

test('a refresh changes neither tenant nor user', () => {
  expect(() => checkRefresh(ann, { ...ann, roles: ['nurse'], expiresAt: 9 })).not.toThrow()
  for (const other of [{ tenantId: 'other' }, { userId: '18' }]) {
    expect(() => checkRefresh(ann, { ...ann, ...other })).toThrow(expect.objectContaining({ code: 'tenant_mismatch' }))
  }
})
