/**
 * The tables in PostgreSQL: what a migration says there, and row-level security, which lets a connection see the rows of the
 * tenant that its transaction names and no others, even the owner of the tables. Knows no connection.
 */
import type { Migration, Schema } from '../tables.ts'
import { everywhereSetting, tenantSetting } from './transaction.ts'

/**
 * Texts in the order of their bytes, as in SQLite: whatever the database's locale is, a page is cut at the same row, and an
 * index stays good when the system's locales change.
 */
const inByteOrder = (statement: string): string =>
  /^\s*(create|alter)\s+table\b/i.test(statement) ? statement.replaceAll(/\bTEXT\b/g, 'TEXT COLLATE "C"') : statement

export const statementsOf = ({ statements, only }: Migration): readonly string[] =>
  [...statements, ...(only?.postgres ?? [])].map(inByteOrder)

const policy = 'fanfare_tenant'
const isOwn = `tenant_id = current_setting('${tenantSetting}', true) OR current_setting('${everywhereSetting}', true) = 'on'`

/**
 * After a schema's migrations, whichever ran: again, they change nothing. A tenant that is new is counted again before the
 * table has grown by much: what PostgreSQL has not seen it takes for a few rows.
 */
export const guardsOf = ({ tables }: Schema): readonly string[] =>
  tables.flatMap((table) => [
    `ALTER TABLE "${table}" SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 500)`,
    `ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE "${table}" FORCE ROW LEVEL SECURITY`,
    `DROP POLICY IF EXISTS ${policy} ON "${table}"`,
    `CREATE POLICY ${policy} ON "${table}" USING (${isOwn}) WITH CHECK (${isOwn})`,
  ])
