/** What a tenant has where nodes share Redis and PostgreSQL: exported and erased beside a node that runs and serves it. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis as Client } from 'ioredis'
import { type RedisServer, startRedis } from '../redis/servers.world.ts'
import type { RunningServer } from '../server.ts'
import { type PostgresServer, startPostgres, type TestDatabase } from '../store/postgres.world.ts'
import { run } from './program.ts'
import { canaryOf, fill, startPractice } from './tenant.world.ts'
import { fakeTerminal } from './terminal.fake.ts'

let redis: RedisServer
let postgres: PostgresServer
let database: TestDatabase
let server: RunningServer
const folder = mkdtempSync(join(tmpdir(), 'fanfare-tenant-'))
const encryptionKey = Buffer.alloc(32, 7).toString('base64')
const secret = 'a secret of this test that is long enough to sign'

beforeAll(async () => {
  ;[redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  database = await postgres.database()
  const databases = { redisUrl: redis.url, databaseUrl: database.url }
  server = await startPractice({ ...databases, encryptionKeys: [encryptionKey], dataFolder: join(folder, 'data') })
  for (const tenantId of ['clinic', 'other']) {
    await fill(server, tenantId)
    await fanfare('key', 'create', '--tenant', tenantId, '--name', canaryOf(tenantId))
  }
}, 30_000)
afterAll(async () => {
  await server?.stop()
  await Promise.all([redis?.[Symbol.asyncDispose](), postgres?.[Symbol.asyncDispose]()])
  rmSync(folder, { recursive: true, force: true })
})

const fanfare = async (...words: readonly string[]) => {
  const environment = {
    FANFARE_SECRET: secret,
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    FANFARE_ENCRYPTION_KEYS: encryptionKey,
  }
  const fake = fakeTerminal({ environment, folder })
  const code = await run(words, fake.terminal, '0.0.0')
  return { code, lines: fake.lines, notes: fake.notes, text: fake.lines.join('\n') }
}

const isOf = (text: string, tenantId: string): boolean =>
  text.includes(`"${tenantId}"`) ||
  text.includes(`${tenantId.length}:${tenantId}|`) ||
  text.includes(canaryOf(tenantId))

/** Every key with all that is in it, in which anything is the tenant's. */
const keysOf = async (tenantId: string): Promise<readonly string[]> => {
  const client = new Client(redis.url)
  try {
    const texts = await Promise.all(
      (await client.keys('*')).map(async (key) => {
        const type = await client.type(key)
        if (type === 'string') return `${key} ${await client.get(key)}`
        if (type === 'hash') return `${key} ${JSON.stringify(await client.hgetall(key))}`
        if (type === 'zset') return `${key} ${((await client.call('ZRANGE', key, '0', '-1')) as string[]).join(' ')}`
        if (type === 'stream') return `${key} ${JSON.stringify(await client.call('XRANGE', key, '-', '+'))}`
        return `${key} ${type}`
      }),
    )
    return texts.filter(
      (text) => isOf(text.replaceAll('\\"', '"'), tenantId) || text.split(' ')[0]?.endsWith(`:${tenantId}`),
    )
  } finally {
    client.disconnect()
  }
}

/** Every table in which a row is the tenant's, as a superuser sees it. */
const tablesOf = async (tenantId: string): Promise<readonly string[]> => {
  const tables = await database.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await database.query(`SELECT row_to_json(t)::text AS row FROM "${name}" t`)
      return rows.some(({ row }) => isOf(String(row), tenantId)) ? [String(name)] : []
    }),
  )
  return found.flat().sort()
}

test('an export has what is in PostgreSQL and in Redis, sealed texts opened, and nothing of another', async () => {
  const [message] = await database.query("SELECT * FROM chat_message WHERE tenant_id = 'clinic'")
  expect(JSON.stringify(message)).not.toContain(canaryOf('clinic'))
  const to = join(folder, 'out')
  const { code, notes } = await fanfare('tenant', 'export', '--tenant', 'clinic', '--to', to)
  expect([code, notes]).toEqual([0, expect.stringContaining('Exported')])
  const text = readdirSync(to)
    .map((name) => readFileSync(join(to, name), 'utf8'))
    .join('\n')
  expect(text).not.toContain(canaryOf('other'))
  expect(text).not.toContain('"wrapped"')
  for (const part of ['store.chat_message', 'store.journal', 'redis.keys']) {
    expect(readFileSync(join(to, `${part}.ndjson`), 'utf8')).toContain(canaryOf('clinic'))
  }
})

test('an erase beside a node that serves the tenant leaves nothing in either, and the node serves nothing more', async () => {
  const { services } = server
  const clinic = services.contextOf({ tenantId: 'clinic' })
  expect((await clinic.history('ward:3')).events).toHaveLength(5)
  expect((await clinic.history('file:1')).events).toHaveLength(5)
  const others = { keys: (await keysOf('other')).length, tables: await tablesOf('other') }
  expect(await tablesOf('clinic')).toEqual(others.tables)
  const { code, notes } = await fanfare('tenant', 'erase', '--tenant', 'clinic', '--confirm', 'clinic')
  expect([code, notes]).toEqual([0, expect.stringContaining('Nothing of clinic is left')])
  expect((await tablesOf('clinic')).filter((table) => !table.startsWith('audit_'))).toEqual([])
  expect(await keysOf('clinic')).toEqual([])
  expect(await tablesOf('other')).toEqual(others.tables)
  expect((await keysOf('other')).length).toBeGreaterThan(others.keys / 2)
  expect((await clinic.history('ward:3')).events).toEqual([])
  expect((await clinic.history('file:1')).events).toEqual([])
  const again = await clinic.publish('ward:3', 'said', { text: 'anew' })
  expect(again.offset).toBe(1)
  const audit = await fanfare('audit', 'list', '--tenant', 'clinic')
  expect(audit.text).toContain('data.erased')
  expect((await fanfare('audit', 'verify', '--all')).code).toBe(0)
}, 20_000)
