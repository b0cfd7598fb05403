import { expect, test } from 'bun:test'
import { DatabaseSync } from 'node:sqlite'
import { features } from './features.ts'
import { systemClock } from './lib/clock.ts'
import { allSchemas } from './store/open-store.ts'
import { sqliteBackend } from './store/sqlite/backend.ts'

const schemas = allSchemas(features.map(({ schema }) => schema))
const tables = schemas.flatMap((schema) => schema.tables)

const migrated = async () => {
  const database = new DatabaseSync(':memory:')
  const backend = sqliteBackend({ open: () => database, place: 'memory', clock: systemClock })
  await backend.migrate(schemas)
  return {
    columns: (table: string) => database.prepare(`PRAGMA table_info("${table}")`).all(),
    indexes: (table: string) => database.prepare(`PRAGMA index_list("${table}")`).all(),
    index: (name: unknown) => database.prepare(`PRAGMA index_info("${name}")`).all(),
    names: () =>
      database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all(),
    [Symbol.asyncDispose]: () => backend.close(),
  }
}

test('every table is a tenant’s: its key, and whatever else is unique in it, begins with the tenant', async () => {
  await using database = await migrated()
  expect(tables.length).toBeGreaterThan(10)
  for (const table of tables) {
    const columns = database.columns(table)
    const tenant = columns.find(({ name }) => name === 'tenant_id')
    expect([table, { ...tenant }]).toMatchObject([table, { type: 'TEXT', notnull: 1, pk: 1 }])
    for (const { name, unique } of database.indexes(table)) {
      const [first] = database.index(name)
      if (unique === 1) expect([table, name, first?.name]).toEqual([table, name, 'tenant_id'])
    }
  }
})

test('there is no table that no schema declares, and the types are those that both databases have', async () => {
  await using database = await migrated()
  const known: string[] = [...tables, 'fanfare_migration']
  expect(
    database
      .names()
      .map(({ name }) => String(name))
      .filter((name) => !known.includes(name)),
  ).toEqual([])
  for (const table of tables) {
    const types = new Set(database.columns(table).map(({ type }) => String(type)))
    expect([table, [...types].filter((type) => !['TEXT', 'BIGINT'].includes(type))]).toEqual([table, []])
  }
})

/** Columns that are called a key, and seal nothing. */
const others: readonly string[] = ['key', 'send_key', 'public_key']

test('whatever holds a sealed text is declared, so that a rotation finds it', async () => {
  await using database = await migrated()
  for (const { table, text, keyId, key } of schemas.flatMap((schema) => schema.sealed ?? [])) {
    const names = database.columns(table).map(({ name }) => String(name))
    expect([table, [text, keyId, ...key].filter((name) => !names.includes(name))]).toEqual([table, []])
    const primary = database
      .columns(table)
      .filter(({ pk }) => Number(pk) > 1)
      .sort((a, b) => Number(a.pk) - Number(b.pk))
    expect([table, key.slice(0, primary.length)]).toEqual([table, primary.map(({ name }) => String(name))])
  }
  for (const table of tables) {
    const keyed = database
      .columns(table)
      .map(({ name }) => String(name))
      .filter((name) => /(^|_)key(_id)?$/.test(name))
    const declared = schemas.flatMap((schema) => schema.sealed ?? []).filter((one) => one.table === table)
    const missing = keyed.filter((name) => !others.includes(name) && !declared.some(({ keyId }) => keyId === name))
    expect([table, missing]).toEqual([table, []])
  }
})
