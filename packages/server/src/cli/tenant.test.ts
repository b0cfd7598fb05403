/** What a tenant has on a node that is alone: exported whole, erased whole, and nobody else's touched. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { features } from '../features.ts'
import { openDataFolder } from '../store/data-folder.ts'
import { allSchemas } from '../store/open-store.ts'
import { run } from './program.ts'
import { canaryOf, filesWith, fill, startPractice } from './tenant.world.ts'
import type { Manifest } from './tenant-export.ts'
import { folderTables, sharedTables } from './tenant-folder.ts'
import { fakeTerminal } from './terminal.fake.ts'

const secret = 'a secret of this test that is long enough to sign'
let template = ''
const folders: string[] = []

const newFolder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-tenant-'))
  folders.push(path)
  return path
}

beforeAll(async () => {
  template = newFolder()
  const server = await startPractice({ dataFolder: join(template, 'data') })
  for (const tenantId of ['clinic', 'other']) await fill(server, tenantId)
  await server.stop()
  for (const tenantId of ['clinic', 'other']) {
    await fanfare(template, 'key', 'create', '--tenant', tenantId, '--name', canaryOf(tenantId))
  }
}, 20_000)
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const copy = (): string => {
  const path = newFolder()
  cpSync(template, path, { recursive: true })
  return path
}

const fanfare = async (path: string, ...words: readonly string[]) => {
  const environment = { FANFARE_SECRET: secret, FANFARE_DATA_FOLDER: join(path, 'data') }
  const fake = fakeTerminal({ environment, folder: path })
  const code = await run(words, fake.terminal, '0.0.0')
  return { code, lines: fake.lines, notes: fake.notes, text: fake.lines.join('\n') }
}

const erase = (path: string, ...words: readonly string[]) =>
  fanfare(path, 'tenant', 'erase', '--tenant', 'clinic', '--confirm', 'clinic', ...words)

/** Every row of every table of every file, as text, by `file/table`. */
const allRows = (path: string): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>()
  for (const file of readdirSync(join(path, 'data')).filter((name) => name.endsWith('.sqlite'))) {
    const database = new DatabaseSync(join(path, 'data', file), { readOnly: true })
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all()
    for (const { name } of tables) {
      const rows = database
        .prepare(`SELECT * FROM "${name}"`)
        .all()
        .map((row) => JSON.stringify(Object.values(row)))
      found.set(`${file.slice(0, -'.sqlite'.length)}/${name}`, rows)
    }
    database.close()
  }
  return found
}

/** `"clinic"` as a value, `6:clinic|` in a name, or what clinic said. */
const isOf = (row: string, tenantId: string): boolean =>
  row.includes(`"${tenantId}"`) || row.includes(`${tenantId.length}:${tenantId}|`) || row.includes(canaryOf(tenantId))

const rowsOf = (path: string, tenantId: string): ReadonlyMap<string, number> =>
  new Map(
    [...allRows(path)]
      .map(([table, rows]) => [table, rows.filter((row) => isOf(row, tenantId)).length] as const)
      .filter(([, count]) => count > 0),
  )

test('every table of every file is known to be a tenant’s or nobody’s', () => {
  const store = allSchemas(features.map(({ schema }) => schema)).flatMap(({ tables }) =>
    tables.map((table) => `store/${table}`),
  )
  const known = [
    ...folderTables.map(({ file, table }) => `${file}/${table}`),
    ...sharedTables,
    ...store,
    'store/fanfare_migration',
  ]
  const unknown = [...allRows(template).keys()].filter((table) => !known.includes(table))
  expect(unknown).toEqual([])
})

test('an export has every row of the tenant, none of another’s, and no secret', async () => {
  const path = copy()
  const { code, notes } = await fanfare(path, 'tenant', 'export', '--tenant', 'clinic', '--to', 'out')
  expect([code, notes]).toEqual([0, expect.stringContaining('Exported')])
  const manifest = JSON.parse(readFileSync(join(path, 'out', 'manifest.json'), 'utf8')) as Manifest
  const text = readdirSync(join(path, 'out'))
    .map((name) => readFileSync(join(path, 'out', name), 'utf8'))
    .join('\n')
  expect(text).not.toContain(canaryOf('other'))
  const { hash } = new DatabaseSync(join(path, 'data', 'trust.sqlite')).prepare('SELECT hash FROM api_key').get() ?? {}
  expect(text).not.toContain(String(hash))
  for (const { file, rows, sha256 } of manifest.parts) {
    const lines = readFileSync(join(path, 'out', file), 'utf8')
    expect(createHash('sha256').update(lines).digest('hex')).toBe(sha256)
    expect(lines.split('\n').filter(Boolean)).toHaveLength(rows)
    for (const line of lines.split('\n').filter(Boolean)) JSON.parse(line)
  }
  const exported = new Map(manifest.parts.map(({ part, rows }) => [part, rows]))
  // The entry that tells of the export is in the database, and in the export too.
  for (const [table, count] of rowsOf(path, 'clinic'))
    expect(`${table} ${exported.get(table)}`).toBe(`${table} ${count}`)
  for (const table of [
    'store/chat_message',
    'rooms/event',
    'store/journal',
    'trust/api_key',
    'cache/cache',
    'sessions/session',
  ]) {
    expect(exported.get(table)).toBeGreaterThan(0)
  }
})

test('an export is made beside a node that runs, into a folder that is whole or not there', async () => {
  const path = copy()
  const server = await startPractice({ dataFolder: join(path, 'data') })
  expect((await fanfare(path, 'tenant', 'export', '--tenant', 'clinic', '--to', 'out')).code).toBe(0)
  await server.stop()
  const again = await fanfare(path, 'tenant', 'export', '--tenant', 'clinic', '--to', 'out')
  expect(again.notes).toContain('is there already')
  expect(readdirSync(path).filter((name) => name.includes('partial'))).toEqual([])
})

test('an erase leaves no row of the tenant but its audit, and no byte of what it said', async () => {
  const path = copy()
  const others = rowsOf(path, 'other')
  expect(rowsOf(path, 'clinic').size).toBeGreaterThan(15)
  const { code, notes } = await erase(path)
  expect([code, notes]).toEqual([0, expect.stringContaining('Nothing of clinic is left')])
  expect([...rowsOf(path, 'clinic').keys()].filter((table) => !table.startsWith('store/audit_'))).toEqual([])
  expect(filesWith(join(path, 'data'), canaryOf('clinic'))).toEqual([])
  expect(rowsOf(path, 'other')).toEqual(others)
  const audit = await fanfare(path, 'audit', 'list', '--tenant', 'clinic')
  expect(audit.lines.at(-1)).toContain('operator  data.erased  {"audit":"kept"}')
  expect((await fanfare(path, 'audit', 'verify', '--all')).code).toBe(0)
})

test('erased again, there is nothing to do; the node goes on, and its rooms begin anew', async () => {
  const path = copy()
  const rooms = new DatabaseSync(join(path, 'data', 'rooms.sqlite'))
  const { epoch } = rooms.prepare("SELECT epoch FROM room WHERE key = '6:clinic|ward:3'").get() ?? {}
  rooms.close()
  await erase(path)
  const { code, lines } = await erase(path)
  expect([code, lines]).toEqual([0, []])
  const after = await startPractice({ dataFolder: join(path, 'data') })
  const clinic = after.services.contextOf({ tenantId: 'clinic' })
  for (const room of ['ward:3', 'file:1']) expect((await clinic.history(room)).events).toEqual([])
  const first = await clinic.publish('ward:3', 'said', { text: 'anew' })
  expect(first.offset).toBe(1)
  expect(first.epoch).not.toBe(epoch)
  const others = await after.services.contextOf({ tenantId: 'other' }).history('ward:3')
  expect(others.events).toHaveLength(5)
  await after.stop()
})

test('the audit is erased where that is asked for, but for what says so, which verifies', async () => {
  const path = copy()
  const { code } = await erase(path, '--audit')
  expect(code).toBe(0)
  const { lines } = await fanfare(path, 'audit', 'list', '--tenant', 'clinic')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('data.erased  {"audit":"erased"}')
  const verified = await fanfare(path, 'audit', 'verify', '--all')
  expect([verified.code, verified.text]).toEqual([0, expect.stringContaining('good  clinic: 1 entry')])
  const database = new DatabaseSync(join(path, 'data', 'store.sqlite'))
  expect(() => database.exec("DELETE FROM audit_entry WHERE tenant_id = 'other'")).toThrow('never changed')
  database.close()
})

test('keys that are made and ended at the command line are in the audit of their tenant, and the key is not', async () => {
  const path = copy()
  const made = await fanfare(path, 'key', 'create', '--tenant', 'clinic', '--name', 'gateway', '--scope', 'read')
  const [, id = '', rest = ''] = (made.lines[0] ?? '').split('_')
  await fanfare(path, 'key', 'revoke', id, '--tenant', 'clinic')
  const { lines, text } = await fanfare(path, 'audit', 'list', '--tenant', 'clinic')
  expect(lines.at(-2)).toContain(`operator  key.created  ${id}  {"scopes":"read"}`)
  expect(lines.at(-1)).toContain(`operator  key.revoked  ${id}`)
  expect(text).not.toContain(rest)
})

test('nothing is erased unless the tenant is named twice, nor beside a node that is alone and runs', async () => {
  const path = copy()
  const unsure = await fanfare(path, 'tenant', 'erase', '--tenant', 'clinic', '--confirm', 'clinik')
  expect([unsure.code, unsure.notes]).toEqual([1, expect.stringContaining('--confirm clinic')])
  const folder = await openDataFolder(join(path, 'data'))
  const running = await erase(path)
  expect([running.code, running.notes]).toEqual([1, expect.stringContaining('is in use by')])
  folder.close()
  expect(rowsOf(path, 'clinic')).toEqual(rowsOf(template, 'clinic'))
})
