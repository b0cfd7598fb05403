/** Opens SQLite databases the one way that Fanfare does: WAL, strict, migrated. Owns no table. */
import { DatabaseSync } from 'node:sqlite'

export type SqliteOptions = {
  readonly path: string
  /** Each is run once, in order, ever; `user_version` counts how many were. Never change one that was released. */
  readonly migrations: readonly string[]
  /**
   * `full`: a commit is on disk when it returns. `normal`: it survives the process, but a power cut may take the last ones.
   * @default 'full'
   */
  readonly synchronous?: 'full' | 'normal'
}

/** @throws when the file is no database, is of a later version, or cannot be written. */
export const openSqlite = (options: SqliteOptions): DatabaseSync => {
  const database = new DatabaseSync(options.path)
  try {
    database.exec(`
      PRAGMA busy_timeout = 5000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.synchronous ?? 'full'};
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -32000;
      -- 16 MB between checkpoints: each costs a sync of its own, and a group of many rooms writes many pages.
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
    `)
    migrate(database, options)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Runs `work` in one transaction: all of it, or (when it throws) nothing of it. Not to be nested. */
export const inTransaction = <T>(database: DatabaseSync, work: () => T): T => {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite has already rolled back after some errors, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

const migrate = (database: DatabaseSync, { path, migrations }: SqliteOptions): void => {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    throw new Error(
      `${path} was written by a later version of Fanfare (format ${version}; this one knows ${migrations.length}).`,
    )
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue
    inTransaction(database, () => database.exec(`${sql}; PRAGMA user_version = ${index + 1}`))
  }
}
