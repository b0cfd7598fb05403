import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FanfareError } from '@fanfare/protocol'
import { inTransaction, openSqlite } from './sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'fanfare-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))

const first = 'CREATE TABLE bed (id INTEGER PRIMARY KEY)'
const second = 'ALTER TABLE bed ADD COLUMN ward TEXT'

test('commits are synced to disk, and readers do not wait for writers', () => {
  const database = openSqlite({ path: join(folder, 'modes.sqlite'), migrations: [] })
  expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
  expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 })
  database.close()
})

test('each migration runs once, in order, however often the file is opened', () => {
  const path = join(folder, 'migrated.sqlite')
  openSqlite({ path, migrations: [first] }).close()
  for (let opened = 0; opened < 2; opened++) {
    const database = openSqlite({ path, migrations: [first, second] })
    database.prepare('INSERT INTO bed (ward) VALUES (?)').run('icu')
    database.close()
  }
})

test('a migration that fails leaves the file as it was', () => {
  const path = join(folder, 'broken.sqlite')
  openSqlite({ path, migrations: [first] }).close()
  const broken = 'CREATE TABLE half (id INTEGER); SELECT nonsense'
  expect(() => openSqlite({ path, migrations: [first, broken] })).toThrow('nonsense')
  const database = openSqlite({ path, migrations: [first, second] })
  expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined()
  database.close()
})

test('a file of a later version is refused, and so is one that is no database', () => {
  const path = join(folder, 'later.sqlite')
  openSqlite({ path, migrations: [first, second] }).close()
  expect(() => openSqlite({ path, migrations: [first] })).toThrow('later version')
  const text = join(folder, 'text.sqlite')
  writeFileSync(text, 'no database '.repeat(1_000))
  expect(refusalOf(text)).toMatch(/not a database.*backup/)
})

/** Why a file was refused; it must be named. */
const refusalOf = (path: string, migrations: readonly string[] = []): string => {
  try {
    openSqlite({ path, migrations }).close()
  } catch (error) {
    const { code, message } = error as FanfareError
    expect(code).toBe('unavailable')
    expect(message).toContain(path)
    return message
  }
  throw new Error(`${path} was opened.`)
}

test('a file that cannot be opened is named, with the cause and what to do', () => {
  expect(refusalOf(join(folder, 'nowhere', 'a.sqlite'))).toMatch(/unable to open.*folder exists/)
  const damaged = join(folder, 'damaged.sqlite')
  openSqlite({ path: damaged, migrations: [first] }).close()
  const bytes = readFileSync(damaged)
  // The first page of the schema, behind a head that is whole.
  writeFileSync(damaged, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0x55)]))
  expect(refusalOf(damaged, [first, second])).toMatch(/malformed.*backup/)
})

test('a transaction is done whole or not at all', () => {
  const database = openSqlite({ path: join(folder, 'whole.sqlite'), migrations: [first] })
  const add = database.prepare('INSERT INTO bed (id) VALUES (?)')
  expect(() =>
    inTransaction(database, () => {
      add.run(1)
      add.run(1)
    }),
  ).toThrow('UNIQUE')
  expect(inTransaction(database, () => add.run(1).changes)).toBe(1)
  database.close()
})
