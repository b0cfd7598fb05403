/**
 * Which migrations a database still needs, by the names that it has kept. One table for all owners, where Kysely's migrator
 * would have two for each and look at every table first: a test opens hundreds of stores, and each begins here. Runs nothing.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Migration, Schema } from './tables.ts'

export const migrationTable = `CREATE TABLE IF NOT EXISTS fanfare_migration (
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (owner, name)
)`

export type KeptMigration = { readonly owner: string; readonly name: string }

export type PendingMigration = { readonly schema: Schema; readonly migration: Migration }

export const nameOfPending = ({ schema, migration }: PendingMigration): string => `${schema.owner}/${migration.name}`

/**
 * In the order of the schemas. What is kept of owners that are not here is theirs: a feature may be gone.
 *
 * @throws FanfareError `unavailable` when a later version has been at the database
 */
export const pendingOf = (
  schemas: readonly Schema[],
  kept: readonly KeptMigration[],
  where: string,
): readonly PendingMigration[] =>
  schemas.flatMap((schema) => {
    const names = kept.filter(({ owner }) => owner === schema.owner).map(({ name }) => name)
    const known = schema.migrations.map(({ name }) => name)
    const foreign = names.filter((name) => !known.includes(name))
    if (foreign.length > 0) throw laterVersion(where, schema.owner, foreign)
    return schema.migrations.filter(({ name }) => !names.includes(name)).map((migration) => ({ schema, migration }))
  })

const laterVersion = (where: string, owner: string, names: readonly string[]): FanfareError =>
  new FanfareError(
    'unavailable',
    `${where} was written by a later version of Fanfare (${owner}: ${names.join(', ')}). Run that version, or give this one another database.`,
  )
