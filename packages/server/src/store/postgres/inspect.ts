/** How PostgreSQL is run, as far as the store's promises depend on it. Asks on a connection that it is given; changes nothing. */
import type { PoolClient } from 'pg'

export type PostgresReport = {
  /** @example '15.10' */
  readonly version: string
  readonly versionNumber: number
  readonly role: string
  /** Row-level security does not hold for this role. */
  readonly bypasses: boolean
  /** Commits may be lost when it crashes. */
  readonly synchronousCommit: string
  readonly fsync: string
  /** By TLS, between this process and whom it speaks with. */
  readonly encrypted: boolean
}

const question = `
  SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber",
    current_user::text AS role, coalesce(bool_or(rolsuper OR rolbypassrls), false) AS bypasses,
    current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted
  FROM pg_roles WHERE rolname = current_user`

/** @throws what pg throws */
export const inspectPostgres = async (client: PoolClient): Promise<PostgresReport> => {
  const { rows } = await client.query<PostgresReport>(question)
  return rows[0]!
}

export const leastVersion = 140_000

/** Sentences about what may go wrong, for a log or `fanfare doctor`. */
export const risksOf = (report: PostgresReport): readonly string[] => [
  ...(report.bypasses
    ? [
        `PostgreSQL's user ${report.role} is a superuser or has BYPASSRLS, so row-level security does not stand behind the store's own narrowing to tenants. Give Fanfare a user of its own: CREATE ROLE fanfare LOGIN; it owns the database and nothing else.`,
      ]
    : []),
  ...(report.synchronousCommit === 'off'
    ? ['PostgreSQL has synchronous_commit = off: what was acknowledged may be lost when it crashes.']
    : []),
  ...(report.fsync === 'off' ? ['PostgreSQL has fsync = off: a power cut may damage or empty the database.'] : []),
]
