/** The database of one part of the engine, on its disk or in memory, whose writes are committed in groups. */
import { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import type { EngineDisk } from './disk.ts'
import { WriteGroup } from './write-group.ts'

export type GroupedDatabase<Sql> = { readonly database: DatabaseSync; readonly sql: Sql; readonly group: WriteGroup }

export type GroupedDatabaseOptions<Sql> = {
  /** Of the file, and of what is in it, for messages. */
  readonly name: string
  readonly migrations: readonly string[]
  readonly prepare: (database: DatabaseSync) => Sql
}

/** @throws FanfareError `unavailable` */
export const openGrouped = <Sql>(
  disk: EngineDisk | 'none',
  { name, migrations, prepare }: GroupedDatabaseOptions<Sql>,
): GroupedDatabase<Sql> => {
  try {
    const database = disk === 'none' ? inMemory(migrations) : disk.database(name, { migrations })
    return { database, sql: prepare(database), group: new WriteGroup(database) }
  } catch (cause) {
    throw new FanfareError('unavailable', `The database of ${name} could not be opened.`, { cause })
  }
}

const inMemory = (migrations: readonly string[]): DatabaseSync => {
  const database = new DatabaseSync(':memory:')
  for (const migration of migrations) database.exec(migration)
  return database
}
