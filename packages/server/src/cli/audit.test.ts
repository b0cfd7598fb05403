/** `fanfare audit` over a data folder in which a node was, and whose file somebody then changed with SQL of their own (S-19). */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { append } from '../features/audit/append.ts'
import { auditFeature } from '../features/audit/audit.ts'
import { chainOn, chainStart } from '../features/audit/chain.ts'
import type { FeatureServices, Offers } from '../features/feature.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics, noOwnMetrics } from '../lib/metrics.ts'
import { noAudit } from '../model/audit.ts'
import { openDataFolder } from '../store/data-folder.ts'
import { openStore } from '../store/open-store.ts'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const auditKey = 'a key of this test, 32 bytes and more of it'
const entries = 60
const signedUpTo = 50
let template = ''
const folders: string[] = []

/** A folder as a node leaves it: 60 entries, of which a file elsewhere has the signature of the 50th. */
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'fanfare-audit-'))
  const folder = await openDataFolder(join(template, 'data'))
  const clock = fakeClock()
  const opening = {
    schemas: [auditFeature.schema],
    encryptionKeys: [],
    mode: 'development',
    clock,
    ids: uuidv7,
  } as const
  const store = await openStore({ ...opening, place: { kind: 'sqlite', folder }, log: silentLog, metrics: noMetrics })
  let offered: Offers['audit'] | undefined
  const services: FeatureServices = {
    store,
    clock,
    ids: uuidv7,
    log: silentLog,
    metrics: noOwnMetrics,
    settings: {
      mode: 'development',
      vapid: undefined,
      auditKey: new TextEncoder().encode(auditKey),
      auditCheckpoints: join(template, 'checkpoints.jsonl'),
    },
    audit: noAudit,
    offer: (_, given) => {
      offered = given as Offers['audit']
    },
    find: () => undefined,
    of: () => {
      throw new Error('nothing is published here')
    },
    isOnline: async () => false,
    isIn: async () => false,
    heldSince: async () => new Map(),
    hereSince: () => undefined,
    untilHeld: async () => {},
    isReactedTo: () => false,
    reweigh: async () => {},
  }
  const feature = await auditFeature.open(services, { checkpointEntries: signedUpTo })
  const tell = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, index) =>
        offered?.record({
          tenantId: 'clinic',
          action: 'grant.given',
          actor: { kind: 'user', id: 'ann' },
          subject: `user-${from + index + 1}`,
        }),
      ),
    )
  await tell(0, signedUpTo)
  await offered?.record({ tenantId: 'other', action: 'administration', actor: { kind: 'operator' } })
  const file = join(template, 'checkpoints.jsonl')
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((resolve) => setImmediate(resolve))
  await feature.stop()
  // A node that was killed signed nothing at its end.
  const rest = Array.from({ length: entries - signedUpTo }, (_, index) => ({
    at: clock.now(),
    action: 'grant.given',
    actorKind: 'user',
    actorId: 'ann',
    subject: `user-${signedUpTo + index + 1}`,
    detail: null,
  }))
  await store.of('clinic').change(({ rows }) => append(rows, { tenantId: 'clinic', entries: rest, dueAt: 1 }))
  await store.close()
  folder.close()
})
afterAll(() => {
  for (const folder of [template, ...folders]) rmSync(folder, { recursive: true, force: true })
})

type Row = { readonly [column: string]: string | number | null }

/** Somebody with the file and no scruples: triggers hold nobody who can drop them. */
const tamper = (path: string, work: (sql: (text: string, ...values: (string | number | null)[]) => Row[]) => void) => {
  const database = new DatabaseSync(join(path, 'data', 'store.sqlite'))
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    database.exec(`DROP TRIGGER ${name}`)
  }
  work((text, ...values) => database.prepare(text).all(...values) as Row[])
  database.close()
}

const copy = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-audit-'))
  folders.push(path)
  cpSync(template, path, { recursive: true })
  return path
}

const fanfare = async (path: string, ...words: readonly string[]) => {
  const environment = { FANFARE_AUDIT_KEY: auditKey, FANFARE_DATA_FOLDER: join(path, 'data') }
  const fake = fakeTerminal({ environment, folder: path })
  const code = await run(['audit', ...words], fake.terminal, '0.0.0')
  return { code, lines: fake.lines, notes: fake.notes, text: fake.lines.join('\n') }
}

const verify = (path: string, ...words: readonly string[]) =>
  fanfare(path, 'verify', '--all', '--checkpoints', 'checkpoints.jsonl', ...words)

test('an audit as it was written is good, and says how far it is signed', async () => {
  const { code, lines } = await verify(template)
  expect(lines).toEqual([
    'good  clinic: 60 entries, the last is 60, signed up to 50',
    'good  other: 1 entry, the last is 1, signed up to 1',
  ])
  expect(code).toBe(0)
})

test('it is verified beside a node that has the folder', async () => {
  const path = copy()
  const folder = await openDataFolder(join(path, 'data'))
  expect((await verify(path)).code).toBe(0)
  folder.close()
})

test('an edit is found, with its tenant and number', async () => {
  const path = copy()
  tamper(path, (sql) => sql("UPDATE audit_entry SET subject = 'nobody' WHERE number = 17 AND tenant_id = 'clinic'"))
  const { code, lines } = await verify(path)
  expect(code).toBe(1)
  expect(lines[0]).toContain('BAD   clinic: 1 problem')
  expect(lines[1]).toContain('changed: entry 17 is not what was written')
  expect(lines[2]).toContain('good  other')
})

test('a deletion is found', async () => {
  const path = copy()
  tamper(path, (sql) => sql("DELETE FROM audit_entry WHERE tenant_id = 'clinic' AND number BETWEEN 20 AND 22"))
  const { code, text } = await verify(path)
  expect(code).toBe(1)
  expect(text).toContain('deleted: entries 20 to 22 are missing')
})

test('entries in each other’s places are found', async () => {
  const path = copy()
  tamper(path, (sql) => {
    sql("UPDATE audit_entry SET number = -1 WHERE tenant_id = 'clinic' AND number = 7")
    sql("UPDATE audit_entry SET number = 7 WHERE tenant_id = 'clinic' AND number = 12")
    sql("UPDATE audit_entry SET number = 12 WHERE tenant_id = 'clinic' AND number = -1")
  })
  const { code, text } = await verify(path)
  expect(code).toBe(1)
  expect(text).toContain('moved: what was written as entry 12 stands as entry 7')
})

test('a tail that was cut off with its head and its signatures is found by the file elsewhere, and by nothing else', async () => {
  const path = copy()
  tamper(path, (sql) => {
    sql("DELETE FROM audit_entry WHERE tenant_id = 'clinic' AND number > 30")
    sql("DELETE FROM audit_statement WHERE tenant_id = 'clinic'")
    sql(`UPDATE audit_head SET number = 30, signed = 0,
      hash = (SELECT hash FROM audit_entry WHERE tenant_id = 'clinic' AND number = 30) WHERE tenant_id = 'clinic'`)
  })
  const alone = await fanfare(path, 'verify', '--all')
  expect(alone.code).toBe(0)
  expect(alone.notes).toContain('Without a file of checkpoints')
  const { code, text } = await verify(path)
  expect(code).toBe(1)
  expect(text).toContain('truncated: the chain ends with entry 30, though entry 50 was signed at')
})

test('a chain that was written anew, hashes and head and all, is found by the file elsewhere', async () => {
  const path = copy()
  tamper(path, (sql) => {
    const rows = sql("SELECT * FROM audit_entry WHERE tenant_id = 'clinic' ORDER BY number")
    const kept = rows.map((row) => ({
      at: Number(row.at),
      action: String(row.action),
      actorKind: String(row.actor_kind),
      actorId: row.number === 33 ? 'eve' : String(row.actor_id),
      subject: String(row.subject),
      detail: null,
    }))
    for (const { number, hash, actorId } of chainOn('clinic', chainStart, kept)) {
      sql(
        "UPDATE audit_entry SET hash = ?, actor_id = ? WHERE tenant_id = 'clinic' AND number = ?",
        hash,
        actorId,
        number,
      )
    }
    sql(`UPDATE audit_head SET hash = (SELECT hash FROM audit_entry WHERE tenant_id = 'clinic' AND number = 60)
      WHERE tenant_id = 'clinic'`)
    sql("DELETE FROM audit_statement WHERE tenant_id = 'clinic'")
  })
  expect((await fanfare(path, 'verify', '--tenant', 'clinic')).code).toBe(0)
  const { code, text } = await verify(path)
  expect(code).toBe(1)
  expect(text).toContain('rewritten: entry 50 is not the one that was signed at')
})

test('a tenant whose whole audit is gone is found by the file elsewhere', async () => {
  const path = copy()
  tamper(path, (sql) => {
    for (const table of ['audit_entry', 'audit_head', 'audit_statement'])
      sql(`DELETE FROM ${table} WHERE tenant_id = 'clinic'`)
  })
  const { code, text } = await verify(path)
  expect(code).toBe(1)
  expect(text).toContain('clinic: 1 problem')
  expect(text).toContain('there is no entry, though entry 50 was signed')
})

test('an auditor with the public key alone verifies, and a signature by another key is told', async () => {
  const { lines } = await fanfare(template, 'key')
  const own = lines[0] ?? ''
  const environment = { FANFARE_DATA_FOLDER: join(template, 'data') }
  const auditor = fakeTerminal({ environment, folder: template })
  const words = ['audit', 'verify', '--all', '--checkpoints', 'checkpoints.jsonl', '--key']
  expect([await run([...words, own], auditor.terminal, '0.0.0'), auditor.notes]).toEqual([0, ''])
  expect(existsSync(join(template, 'data', 'secret'))).toBe(false)
  const other = fakeTerminal({ environment, folder: template })
  expect(await run([...words, 'A'.repeat(43)], other.terminal, '0.0.0')).toBe(1)
  expect(other.lines.join('\n')).toContain('unsigned: the checkpoint of')
})

test('a file of checkpoints with a line that is none is told', async () => {
  const path = copy()
  writeFileSync(join(path, 'checkpoints.jsonl'), `${readFileSync(join(path, 'checkpoints.jsonl'), 'utf8')}{"torn":`)
  const { code, notes } = await verify(path)
  expect(notes).toContain('line 3 is no checkpoint')
  expect(code).toBe(1)
})

test('entries are listed for people, and as JSON', async () => {
  const { lines } = await fanfare(template, 'list', '--tenant', 'clinic', '--after', '58')
  expect(lines).toEqual([
    '59  2026-01-01T00:00:00.000Z  user ann  grant.given  user-59',
    '60  2026-01-01T00:00:00.000Z  user ann  grant.given  user-60',
  ])
  const json = await fanfare(template, 'list', '--tenant', 'clinic', '--limit', '2', '--json')
  expect(json.lines.map((line) => JSON.parse(line))).toMatchObject([{ number: 1 }, { number: 2, subject: 'user-2' }])
})

test('what cannot be asked is told', async () => {
  expect((await fanfare(template, 'verify')).notes).toContain('Say whose audit')
  expect((await fanfare(mkdtempSync(join(tmpdir(), 'fanfare-audit-')), 'list', '--tenant', 'x')).notes).toContain(
    'no store',
  )
  expect((await fanfare(template, 'list', '--tenant', 'clinic', '--limit', 'all')).notes).toContain('--limit')
})
