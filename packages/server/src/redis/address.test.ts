import { expect, test } from 'bun:test'
import { describeAddress, parseRedisAddress } from './address.ts'

const anybody = { tls: false, username: undefined, password: undefined, db: 0 }

test.each([
  ['redis://localhost', { kind: 'server', nodes: [{ host: 'localhost', port: 6379 }], ...anybody }],
  ['redis://10.0.0.1:7000/3', { kind: 'server', nodes: [{ host: '10.0.0.1', port: 7000 }], ...anybody, db: 3 }],
  ['rediss://[::1]:6380', { kind: 'server', nodes: [{ host: '::1', port: 6380 }], ...anybody, tls: true }],
  [
    'rediss://app:p%40ss:word@redis.example:6380/1',
    {
      kind: 'server',
      nodes: [{ host: 'redis.example', port: 6380 }],
      tls: true,
      username: 'app',
      password: 'p@ss:word',
      db: 1,
    },
  ],
  ['redis://:secret@host', { kind: 'server', nodes: [{ host: 'host', port: 6379 }], ...anybody, password: 'secret' }],
  [
    'redis+sentinel://:secret@a,b:1,c:2/main',
    {
      kind: 'sentinel',
      nodes: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 1 },
        { host: 'c', port: 2 },
      ],
      master: 'main',
      ...anybody,
      password: 'secret',
    },
  ],
  [
    'rediss+sentinel://a/main/2',
    { kind: 'sentinel', nodes: [{ host: 'a', port: 26379 }], master: 'main', ...anybody, tls: true, db: 2 },
  ],
  [
    'redis+cluster://a:1,b:2',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      ...anybody,
    },
  ],
])('%s', (text, address) => {
  expect(parseRedisAddress(text)).toEqual(address as ReturnType<typeof parseRedisAddress>)
})

test.each([
  ['http://user:hush@host', 'not an address'],
  ['host:6379', 'not an address'],
  ['redis://user:hush@', 'not host:port'],
  ['redis://user:hush@host:99999', 'not host:port'],
  ['redis://user:hush@a,b', 'several servers'],
  ['redis://user:hush@host/zero', 'number of a database'],
  ['redis://user:hush%zz@host', 'two hex digits'],
  ['redis://user:hush@host?db=1', 'no ? options'],
  ['redis+sentinel://user:hush@host', 'name of the master'],
  ['redis+cluster://user:hush@host/1', 'only database 0'],
  ['redis://user:hush@ho st', 'not host:port'],
])('%s is refused, in words that help and keep the password', (text, words) => {
  expect(() => parseRedisAddress(text)).toThrow(words)
  expect(() => parseRedisAddress(text)).not.toThrow(/hush/)
})

test('what is shown of an address has neither user nor password', () => {
  expect(describeAddress(parseRedisAddress('redis://user:hush@host'))).toBe('host:6379')
  expect(describeAddress(parseRedisAddress('redis+sentinel://user:hush@a,b/main'))).toBe(
    'Sentinel a:26379,b:26379 for main',
  )
})
