/** The trust store in SQLite. Owns three tables; is given the database, opened with its migrations, and never closes it. */
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from './sqlite.ts'
import {
  type GrantRule,
  type KeyStore,
  noTrust,
  type StoredKey,
  type TrustStore,
  type UserTrust,
  type UserTrustStore,
} from './trust-store.ts'

/** For `openSqlite`. */
export const trustMigrations: readonly string[] = [
  `
  CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX api_key_by_tenant ON api_key (tenant_id, created_at);
  CREATE TABLE grant_rule (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    allow INTEGER NOT NULL CHECK (allow IN (0, 1)),
    PRIMARY KEY (tenant_id, user_id, place)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE token_revocation (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
  ) STRICT, WITHOUT ROWID;
`,
]

export const sqliteTrustStore = (database: DatabaseSync): TrustStore => ({
  users: userTable(database),
  keys: keyTable(database),
})

const userTable = (database: DatabaseSync): UserTrustStore => {
  const selectRules = database.prepare(
    'SELECT pattern, allow FROM grant_rule WHERE tenant_id = ? AND user_id = ? ORDER BY place',
  )
  const deleteRules = database.prepare('DELETE FROM grant_rule WHERE tenant_id = ? AND user_id = ?')
  const insertRule = database.prepare('INSERT INTO grant_rule VALUES (?, ?, ?, ?, ?)')
  const selectRevocation = database.prepare(
    'SELECT revoked_at FROM token_revocation WHERE tenant_id = ? AND user_id = ?',
  )
  const upsertRevocation = database.prepare(
    'INSERT INTO token_revocation VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET revoked_at = excluded.revoked_at',
  )
  const read = (tenantId: string, userId: string): UserTrust => {
    const rules: GrantRule[] = selectRules
      .all(tenantId, userId)
      .map((row) => ({ pattern: String(row.pattern), allow: row.allow === 1 }))
    const tokensRevokedAt = Number(selectRevocation.get(tenantId, userId)?.revoked_at ?? 0)
    return rules.length === 0 && tokensRevokedAt === 0 ? noTrust : { rules, tokensRevokedAt }
  }
  const write = (tenantId: string, userId: string, trust: UserTrust): void => {
    deleteRules.run(tenantId, userId)
    trust.rules.forEach((rule, place) => {
      insertRule.run(tenantId, userId, place, rule.pattern, rule.allow ? 1 : 0)
    })
    if (trust.tokensRevokedAt > 0) upsertRevocation.run(tenantId, userId, trust.tokensRevokedAt)
  }
  return {
    read: async (tenantId, userId) => read(tenantId, userId),
    // Synchronous from begin to commit, so that nothing of this process comes between; other processes wait.
    update: async (tenantId, userId, change) =>
      inTransaction(database, () => {
        const after = change(read(tenantId, userId))
        write(tenantId, userId, after)
        return after
      }),
  }
}

const keyTable = (database: DatabaseSync): KeyStore => {
  const insert = database.prepare('INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?)')
  const byId = database.prepare('SELECT * FROM api_key WHERE id = ?')
  const byTenant = database.prepare('SELECT * FROM api_key WHERE tenant_id = ? ORDER BY created_at, id')
  const remove = database.prepare('DELETE FROM api_key WHERE tenant_id = ? AND id = ?')
  return {
    async add({ id, tenantId, name, scopes, createdAt, hash }) {
      insert.run(id, tenantId, name, scopes.join(' '), createdAt, hash)
    },
    async find(id) {
      const row = byId.get(id)
      return row && keyOf(row)
    },
    list: async (tenantId) => byTenant.all(tenantId).map(keyOf),
    remove: async (tenantId, id) => remove.run(tenantId, id).changes > 0,
  }
}

/** Scopes have no spaces, so a list of them is one text. */
const keyOf = (row: { readonly [column: string]: unknown }): StoredKey => ({
  id: String(row.id),
  tenantId: String(row.tenant_id),
  name: String(row.name),
  scopes: String(row.scopes).split(' '),
  createdAt: Number(row.created_at),
  hash: String(row.hash),
})
