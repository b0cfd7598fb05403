import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { openSqlite } from '../store/sqlite.ts'
import { sqliteTrustStore, trustMigrations } from '../store/trust-store-sqlite.ts'
import { createApiKeys, hasScope } from './api-keys.ts'

const world = () => {
  const database = openSqlite({ path: ':memory:', migrations: trustMigrations })
  return { database, keys: createApiKeys({ store: sqliteTrustStore(database).keys, clock: fakeClock() }) }
}
const made = { tenantId: 'acme', name: 'lab server', scopes: ['publish', 'read:patient:*'] }
const refused = { code: 'unauthenticated' }

test('a key opens its own tenant, with its own scopes, until it is revoked', async () => {
  const { keys } = world()
  const { key, id } = await keys.create(made)
  expect(key).toMatch(/^ff_[0-9a-f]{16}_[\w-]{43}$/)
  expect(await keys.verify(key)).toEqual({ kind: 'server', tenantId: 'acme', keyId: id, scopes: made.scopes })
  await keys.revoke('acme', id)
  await expect(keys.verify(key)).rejects.toMatchObject(refused)
  await expect(keys.revoke('acme', id)).rejects.toMatchObject({ code: 'not_found' })
})

test('a tenant lists and revokes only its own keys, and never sees a secret', async () => {
  const { keys } = world()
  const { key, id } = await keys.create(made)
  await keys.create({ ...made, tenantId: 'other' })
  const listed = await keys.list('acme')
  expect(listed).toEqual([{ id, ...made, createdAt: expect.any(Number) }])
  await expect(keys.revoke('other', id)).rejects.toMatchObject({ code: 'not_found' })
  expect((await keys.verify(key)).keyId).toBe(id)
})

test('the database holds nothing that opens a door', async () => {
  const { database, keys } = world()
  const { key } = await keys.create(made)
  const rows = JSON.stringify(database.prepare('SELECT * FROM api_key').all())
  expect(rows).not.toContain(key.slice(20))
  const [{ id, hash }] = database.prepare('SELECT id, hash FROM api_key').all() as [{ id: string; hash: string }]
  await expect(keys.verify(`ff_${id}_${hash}`)).rejects.toMatchObject(refused)
})

test('what is nearly a key is none', async () => {
  const { keys } = world()
  const { key, id } = await keys.create(made)
  const other = await keys.create(made)
  const wrong = [
    key.slice(0, -1),
    `${key}A`,
    `${key.slice(0, -1)}${key.endsWith('A') ? 'E' : 'A'}`,
    `ff_${id}_${other.key.slice(20)}`,
    key.toUpperCase(),
    key.replace('ff_', ''),
    `ff_${'0'.repeat(16)}_${key.slice(20)}`,
    "ff_' OR 1=1 --_x",
    'ff_',
    '',
    'x'.repeat(5_000_000),
  ]
  for (const text of wrong) await expect(keys.verify(text)).rejects.toMatchObject(refused)
})

test('a key is made only for a proper tenant, name and scopes', async () => {
  const { keys } = world()
  await expect(keys.create({ ...made, tenantId: 'a|b' })).rejects.toMatchObject({ code: 'bad_name' })
  const bad = [
    { name: '' },
    { name: 'a\nb' },
    { scopes: [] },
    { scopes: ['write'] },
    { scopes: ['publish:'] },
    { scopes: ['publish:a*'] },
    { scopes: ['publish:a::b'] },
    { scopes: ['publish:a b'] },
    { scopes: ['Publish'] },
    { scopes: Array.from({ length: 33 }, (_, index) => `read:${index}`) },
  ]
  for (const part of bad) {
    await expect(keys.create({ ...made, ...part })).rejects.toMatchObject({ code: 'invalid_payload' })
  }
})

const scoped: readonly (readonly [
  scope: string,
  action: 'publish' | 'read' | 'admin',
  room: string | undefined,
  has: boolean,
])[] = [
  ['publish', 'publish', 'patient:42', true],
  ['publish', 'publish', undefined, true],
  ['publish', 'read', 'patient:42', false],
  ['admin', 'publish', 'patient:42', false],
  ['publish:*', 'publish', undefined, true],
  ['publish:patient:*', 'publish', 'patient:42', true],
  ['publish:patient:*', 'publish', 'patient:42:vitals', true],
  ['publish:patient:*', 'publish', 'patient', false],
  ['publish:patient:*', 'publish', 'patients:42', false],
  ['publish:patient:*', 'publish', undefined, false],
  ['publish:patient:*', 'read', 'patient:42', false],
  ['read:patient:*:vitals', 'read', 'patient:42:vitals', true],
  ['read:patient:*:vitals', 'read', 'patient:42:notes', false],
  ['read:patient:*:vitals', 'read', 'patient:42:x:vitals', false],
  ['read:lobby', 'read', 'lobby', true],
  ['read:lobby', 'read', 'lobby:2', false],
  ['read:lobby', 'read', 'lobb', false],
]
for (const [scope, action, room, has] of scoped) {
  test(`${scope} ${has ? 'lets' : 'does not let'} a server ${action} ${room ?? 'everywhere'}`, () => {
    expect(hasScope({ kind: 'server', tenantId: 'acme', keyId: 'k', scopes: [scope] }, action, room)).toBe(has)
  })
}
