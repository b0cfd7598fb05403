import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from './sqlite.ts'
import { noTrust, type StoredKey } from './trust-store.ts'
import { sqliteTrustStore, trustMigrations } from './trust-store-sqlite.ts'

const openAt = (path: string) => {
  const database = openSqlite({ path, migrations: trustMigrations })
  return { ...sqliteTrustStore(database), [Symbol.dispose]: () => database.close() }
}
const folderOf = async () => {
  const path = await mkdtemp(join(tmpdir(), 'fanfare-trust-'))
  return { file: join(path, 'trust.db'), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
const labKey: StoredKey = {
  id: '0011223344556677',
  tenantId: 'acme',
  name: 'lab “1”',
  scopes: ['publish', 'read:patient:*'],
  createdAt: 1_767_225_600_000,
  hash: 'h',
}

test('what was written is there in the next life, in its order', async () => {
  await using folder = await folderOf()
  const rules = [
    { pattern: 'read:b', allow: true },
    { pattern: 'read:a', allow: false },
  ]
  {
    using store = openAt(folder.file)
    await store.users.update('acme', 'ann', () => ({ rules, tokensRevokedAt: 5 }))
    await store.keys.add(labKey)
  }
  using store = openAt(folder.file)
  expect(await store.users.read('acme', 'ann')).toEqual({ rules, tokensRevokedAt: 5 })
  expect(await store.keys.find(labKey.id)).toEqual(labKey)
})

test('tenants and users are apart', async () => {
  using store = openAt(':memory:')
  await store.users.update('acme', 'ann', () => ({ rules: [{ pattern: 'a:b', allow: true }], tokensRevokedAt: 0 }))
  expect(await store.users.read('acme', 'bob')).toBe(noTrust)
  expect(await store.users.read('other', 'ann')).toBe(noTrust)
  await store.keys.add(labKey)
  expect(await store.keys.list('other')).toEqual([])
  expect(await store.keys.remove('other', labKey.id)).toBe(false)
  expect(await store.keys.remove('acme', labKey.id)).toBe(true)
  expect(await store.keys.find(labKey.id)).toBeUndefined()
})

test('a change that fails changes nothing', async () => {
  using store = openAt(':memory:')
  const before = { rules: [{ pattern: 'a:b', allow: true }], tokensRevokedAt: 0 }
  await store.users.update('acme', 'ann', () => before)
  const fail = () => {
    throw new Error('no')
  }
  await expect(store.users.update('acme', 'ann', fail)).rejects.toThrow('no')
  const broken = () => ({ rules: [{ pattern: null as never, allow: true }], tokensRevokedAt: 9 })
  await expect(store.users.update('acme', 'ann', broken)).rejects.toThrow()
  expect(await store.users.read('acme', 'ann')).toEqual(before)
})

test('an update sees what the one before it wrote', async () => {
  using store = openAt(':memory:')
  const add = () =>
    store.users.update('acme', 'ann', (trust) => ({ ...trust, tokensRevokedAt: trust.tokensRevokedAt + 1 }))
  await Promise.all(Array.from({ length: 100 }, add))
  expect((await store.users.read('acme', 'ann')).tokensRevokedAt).toBe(100)
})
