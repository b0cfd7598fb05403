import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from './sqlite.ts'
import { describeTrustStore } from './trust-store.contract.ts'
import { sqliteTrustStore, trustMigrations } from './trust-store-sqlite.ts'

describeTrustStore('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-trust-'))
  const opened: { close(): void }[] = []
  return {
    async next() {
      const database = openSqlite({ path: join(folder, 'trust.sqlite'), migrations: trustMigrations })
      opened.push(database)
      return sqliteTrustStore(database)
    },
    async close() {
      for (const database of opened) database.close()
      await rm(folder, { recursive: true })
    },
  }
})

test('a write that breaks off leaves what was there', async () => {
  const database = openSqlite({ path: ':memory:', migrations: trustMigrations })
  const { users } = sqliteTrustStore(database)
  const before = { rules: [{ pattern: 'a:b', allow: true }], tokensRevokedAt: 0 }
  await users.update('acme', 'ann', () => before)
  const broken = () => ({ rules: [{ pattern: null as never, allow: true }], tokensRevokedAt: 9 })
  await expect(users.update('acme', 'ann', broken)).rejects.toThrow()
  expect(await users.read('acme', 'ann')).toEqual(before)
  database.close()
})
