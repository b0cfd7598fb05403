import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { systemClock } from '../../lib/clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { createStore } from '../create-store.ts'
import { masterKeys } from '../master-keys.ts'
import { allSchemas, openStore } from '../open-store.ts'
import { type PostgresServer, startPostgres, type TestDatabase } from '../postgres.world.ts'
import { fillWards, tenants, wardSchema } from '../ward.world.ts'
import { postgresBackend } from './backend.ts'
import type { PostgresTimes } from './pool.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { deadlock_timeout: '20ms' } })
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

const schemas = allSchemas([wardSchema])
const common = { clock: systemClock, ids: uuidv7, log: silentLog, metrics: noMetrics }

type WorldOptions = {
  readonly times?: Partial<PostgresTimes>
  readonly connections?: number
  readonly database?: TestDatabase
}

const worldOf = async ({ times = {}, connections = 4, database }: WorldOptions = {}) => {
  const own = database ?? (await server.database())
  const backend = postgresBackend({ url: own.url, connections, times, log: silentLog, metrics: noMetrics })
  await backend.migrate(schemas)
  const store = createStore({ ...common, backend, schemas, masters: masterKeys([]) })
  const tenant = store.of('clinic')
  return {
    backend,
    database: own,
    store,
    tenant,
    publish: (data: string) => tenant.change((change) => change.publish([{ room: 'ward', type: 'noted', data }])),
    texts: async () => {
      const rows = await tenant.read((all) => all.selectFrom('journal').select('data').orderBy('offset').execute())
      return rows.map(({ data }) => JSON.parse(data))
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

const unavailable = expect.objectContaining({ code: 'unavailable' })

test('no table can be read or written without a tenant, whoever asks', async () => {
  await using world = await worldOf()
  for (const one of tenants) {
    await fillWards(world.store, one)
    await world.store.of(one).change(({ publish }) => publish([{ room: 'ward', type: 'noted', data: one }]))
  }
  const client = new Client({ connectionString: world.database.url })
  await client.connect()
  const count = async (table: string) => (await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n
  for (const table of schemas.flatMap((schema) => schema.tables)) {
    expect([table, await count(table)]).toEqual([table, 0])
    const { rows } = await client.query(
      'SELECT relrowsecurity AND relforcerowsecurity AS guarded FROM pg_class WHERE relname = $1',
      [table],
    )
    expect([table, rows[0].guarded]).toEqual([table, true])
  }
  expect((await client.query('UPDATE proof_ward SET floor = 7')).rowCount).toBe(0)
  expect((await client.query('DELETE FROM journal')).rowCount).toBe(0)
  await expect(client.query("INSERT INTO proof_ward VALUES ('clinic', 'x', 'x', 1)")).rejects.toThrow(
    'row-level security',
  )
  // Inside a transaction that names its tenant: that one's rows and no others, and no way to another's.
  await client.query("BEGIN; SELECT set_config('fanfare.tenant', 'clinic', true)")
  expect(await count('proof_ward')).toBe(3)
  await expect(client.query("INSERT INTO proof_ward VALUES ('Clinic', 'x', 'x', 1)")).rejects.toThrow(
    'row-level security',
  )
  await client.query('ROLLBACK')
  expect(await count('proof_ward')).toBe(0)
  await client.end()
})

test('what the store tells a connection ends with its transaction', async () => {
  await using world = await worldOf({ connections: 1 })
  await fillWards(world.store, 'clinic')
  await world.store.everywhere('read', (rows) => rows.selectFrom('proof_ward').selectAll().execute())
  const left = await world.backend.transaction({ kind: 'read', whose: { tenantId: 'harbour' } }, (connection) =>
    connection.executeQuery<{ readonly everywhere: string | null; readonly tenant: string; readonly n: number }>({
      sql: "SELECT current_setting('fanfare.everywhere', true) AS everywhere, current_setting('fanfare.tenant', true) AS tenant, count(*) AS n FROM proof_ward",
      parameters: [],
    } as never),
  )
  expect(left.rows).toEqual([{ everywhere: '', tenant: 'harbour', n: 0 }])
})

test('PostgreSQL killed in the middle of a change: nothing of it is done, and the store goes on by itself', async () => {
  await using world = await worldOf()
  await world.publish('before')
  const cut = world.tenant.change(async (change) => {
    await change.publish([{ room: 'ward', type: 'noted', data: 'cut' }])
    await server.kill()
    await change.publish([{ room: 'ward', type: 'noted', data: 'cut' }])
  })
  await expect(cut).rejects.toEqual(unavailable)
  await expect(world.publish('while it is away')).rejects.toEqual(unavailable)
  await server.restart()
  expect(await world.publish('after')).toMatchObject([{ offset: 2 }])
  expect(await world.texts()).toEqual(['before', 'after'])
}, 20_000)

test('connections that ended while nobody used them are not noticed by who comes next', async () => {
  await using world = await worldOf()
  await Promise.all(['a', 'b', 'c'].map((one) => world.publish(one)))
  await server.restart()
  expect(await Promise.all(['d', 'e', 'f'].map((one) => world.publish(one)))).toHaveLength(3)
  expect(await world.texts()).toHaveLength(6)
}, 20_000)

test('a server that stands still is given up on, and used again when it goes on', async () => {
  await using world = await worldOf({ times: { answerMs: 400, connectMs: 400 } })
  await world.publish('before')
  server.pause()
  try {
    await expect(world.publish('nobody answers')).rejects.toEqual(unavailable)
  } finally {
    server.resume()
  }
  expect((await world.publish('after')).at(0)?.data).toBe('after')
}, 20_000)

test('however many connections stood idle, nobody waits longer for a server that stands still than for one', async () => {
  await using world = await worldOf({ connections: 8, times: { answerMs: 10_000, connectMs: 500 } })
  await Promise.all(Array.from({ length: 8 }, (_, n) => world.publish(String(n))))
  server.pause()
  const began = performance.now()
  try {
    await expect(world.publish('nobody answers')).rejects.toEqual(unavailable)
  } finally {
    server.resume()
  }
  expect(performance.now() - began).toBeLessThan(1_500)
  expect((await world.publish('after')).at(0)?.data).toBe('after')
}, 20_000)

test('a store closes while its server stands still', async () => {
  const world = await worldOf({ times: { closeMs: 200, connectMs: 500 } })
  world.store.listen('proof', () => {})
  await world.publish('before')
  await Bun.sleep(50)
  server.pause()
  const began = performance.now()
  try {
    await world.store.close()
  } finally {
    server.resume()
  }
  expect(performance.now() - began).toBeLessThan(3_000)
}, 20_000)

test('a connection to a server that may only be read is not used again: the next finds the one that took its place', async () => {
  await using world = await worldOf({ connections: 2 })
  await server.restart()
  const { name } = world.database
  const elsewhere = await server.database()
  await elsewhere.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  const refused = world.publish('on a standby')
  await expect(refused).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('standby') })
  await elsewhere.query(`ALTER DATABASE ${name} RESET ALL`)
  expect(await world.publish('after')).toHaveLength(1)
}, 20_000)

test('a statement, a lock and a transaction that take too long are ended', async () => {
  await using world = await worldOf({ times: { statementMs: 150, lockMs: 100, idleMs: 500 } })
  await fillWards(world.store, 'clinic')
  const slow = world.backend.transaction({ kind: 'change', whose: 'everywhere' }, (connection) =>
    connection.executeQuery({ sql: 'SELECT pg_sleep(5)', parameters: [] } as never),
  )
  await expect(slow).rejects.toEqual(unavailable)
  const lift = () => world.tenant.change(({ rows }) => rows.updateTable('proof_ward').set({ floor: 9 }).execute())
  const [held, locked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holding = world.tenant.change(async ({ rows }) => {
    await rows.updateTable('proof_ward').set({ floor: 8 }).execute()
    locked.resolve()
    await held.promise
  })
  await locked.promise
  await expect(lift()).rejects.toEqual(unavailable)
  await Bun.sleep(600)
  held.resolve()
  await expect(holding).rejects.toEqual(unavailable)
  await lift()
  expect(await world.tenant.read((rows) => rows.selectFrom('proof_ward').select('floor').distinct().execute())).toEqual(
    [{ floor: 9 }],
  )
})

test('who finds no connection in time is told so, and the others finish', async () => {
  await using world = await worldOf({ connections: 2, times: { connectMs: 200 } })
  const held = Promise.withResolvers<void>()
  const busy = [1, 2].map(() => world.tenant.read(() => held.promise))
  await expect(world.tenant.read(async () => 1)).rejects.toEqual(unavailable)
  held.resolve()
  await Promise.all(busy)
  expect(await world.tenant.read(async () => 1)).toBe(1)
})

test('as many connections as the server gives, and a clear word for the next', async () => {
  await using world = await worldOf({ connections: 3 })
  await world.database.query(`ALTER DATABASE ${world.database.name} CONNECTION LIMIT 1`)
  await expect(Promise.all(['a', 'b', 'c'].map((one) => world.publish(one)))).rejects.toEqual(unavailable)
  await world.database.query(`ALTER DATABASE ${world.database.name} CONNECTION LIMIT 20`)
  expect(await world.publish('d')).toHaveLength(1)
})

test('any number of nodes migrate at once, and one does it', async () => {
  const database = await server.database()
  const ran = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const backend = postgresBackend({ url: database.url, connections: 2, log: silentLog, metrics: noMetrics })
      const names = await backend.migrate(schemas)
      await backend.close()
      return names.length
    }),
  )
  expect(ran.sort()).toEqual([0, 0, 0, 0, schemas.flatMap(({ migrations }) => migrations).length])
})

test('a migration that fails leaves nothing, and what a later version wrote is refused', async () => {
  await using world = await worldOf()
  const broken = {
    ...wardSchema,
    migrations: [
      ...wardSchema.migrations,
      { name: '0002', statements: ['CREATE TABLE proof_half (a TEXT)', 'nonsense'] },
    ],
  }
  await expect(world.backend.migrate([broken])).rejects.toThrow('nonsense')
  const half = await world.database.query("SELECT to_regclass('proof_half') AS half")
  expect(half).toEqual([{ half: null }])
  const later = { ...wardSchema, migrations: [] }
  await expect(world.backend.migrate([later])).rejects.toThrow(/later version/)
})

const opening = (url: string, more: { readonly mode?: 'development' | 'production'; readonly log?: Log } = {}) =>
  openStore({
    ...common,
    reachMs: 300,
    mode: 'production',
    ...more,
    place: { kind: 'postgres', url, connections: 3 },
    schemas: [wardSchema],
    encryptionKeys: [],
  })

test('in production a node does not migrate, and does not start on a database that is behind', async () => {
  const database = await server.database()
  await expect(opening(database.url)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('fanfare migrate'),
  })
  await (await opening(database.url, { mode: 'development' })).close()
  await (await opening(database.url)).close()
})

test('a user whom row-level security does not hold is warned of', async () => {
  const database = await server.database()
  const warnings: string[] = []
  const log = { ...silentLog, warn: (_fields: unknown, message: string) => void warnings.push(message) }
  const url = database.url.replace('application@', 'postgres@')
  await (await opening(url, { mode: 'development', log })).close()
  expect(warnings.join('\n')).toMatch(/postgres is a superuser/)
  warnings.length = 0
  await expect(opening(database.url)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/permission denied.*owns its database/),
  })
  const own = await server.database()
  await (await opening(own.url, { mode: 'development', log })).close()
  expect(warnings.join('\n')).not.toMatch(/superuser/)
})

test('a database that cannot be reached is told with where it is, and without its password', async () => {
  const url = 'postgres://fanfare:hunter2@127.0.0.1:1/fanfare'
  const error = await opening(url).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:1/fanfare') })
  expect(Bun.inspect(error)).not.toContain('hunter2')
}, 20_000)

test('what is notified is heard, also after the connection was lost', async () => {
  await using world = await worldOf()
  let heard = 0
  const end = world.store.listen('proof', () => heard++)
  const until = async (count: number) => {
    const deadline = Date.now() + 8_000
    while (heard < count && Date.now() < deadline) {
      await world.database.query('NOTIFY proof').catch(() => {})
      await Bun.sleep(20)
    }
    expect(heard).toBeGreaterThanOrEqual(count)
  }
  await until(3)
  await server.restart()
  await until(heard + 3)
  end()
  const before = heard
  await world.database.query('NOTIFY proof')
  await world.publish('x')
  expect(heard).toBe(before)
}, 20_000)

test('a store that is closed while somebody holds on to it does not wait for ever', async () => {
  const world = await worldOf({ times: { closeMs: 200 } })
  const held = Promise.withResolvers<void>()
  const holding = world.tenant.change(async ({ rows }) => {
    await held.promise
    await rows.updateTable('proof_ward').set({ floor: 8 }).execute()
  })
  await world.tenant.read(async () => {})
  await world.store.close()
  held.resolve()
  await expect(holding).rejects.toEqual(unavailable)
}, 20_000)
