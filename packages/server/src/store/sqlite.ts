/** Opens SQLite databases the one way that Fanfare does: WAL, strict, migrated. Owns no table. */
import { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'

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

/** @throws FanfareError `unavailable` that names the file and says what to do: no database, damaged, later, or not to be written */
export const openSqlite = (options: SqliteOptions): DatabaseSync => {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(options.path)
    prepare(database, options)
    return database
  } catch (cause) {
    database?.close()
    if (cause instanceof FanfareError) throw cause
    throw new FanfareError('unavailable', notOpened(options.path, cause), { cause })
  }
}

const prepare = (database: DatabaseSync, options: SqliteOptions): void => {
  database.exec(`
      PRAGMA busy_timeout = 5000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.synchronous ?? 'full'};
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -32000;
      -- 48 MB between checkpoints: each costs a sync of its own, and groups of many rooms write the same pages again.
      PRAGMA wal_autocheckpoint = 12000;
      PRAGMA journal_size_limit = 67108864;
    `)
  migrate(database, options)
}

/** What to do, by what SQLite says went wrong. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /not a database|malformed|corrupt/i,
    'The file is damaged. Put a backup in its place, or move it away with its -wal and -shm files and begin anew without what it held.',
  ],
  [/full|no space/i, 'Make room on its disk.'],
  [/locked|busy/i, 'Another program has it open: end that one first.'],
]
const otherAdvice = 'See that its folder exists, and that both may be read and written by the user who runs Fanfare.'

const notOpened = (path: string, cause: unknown): string => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const [, advised] = advice.find(([pattern]) => pattern.test(reason)) ?? [undefined, otherAdvice]
  return `The database ${path} could not be opened: ${reason}. ${advised}`
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
    throw new FanfareError(
      'unavailable',
      `The database ${path} was written by a later version of Fanfare (format ${version}; this one knows ${migrations.length}). Run that version, or give this one another data folder.`,
    )
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue
    inTransaction(database, () => database.exec(`${sql}; PRAGMA user_version = ${index + 1}`))
  }
}
