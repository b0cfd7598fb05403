import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  expect(() => openSqlite({ path: text, migrations: [] })).toThrow()
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
