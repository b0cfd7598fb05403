/** Rows of users' own transactions, on a real PostgreSQL: published after the commit, once, in order, whatever happens to NOTIFY. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { z } from 'zod'
import { defineApp } from '../app/define-app.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { type PostgresServer, startPostgres, type TestDatabase } from '../store/postgres.world.ts'
import { openTestStore, type TestStore } from '../store/store.world.ts'
import { createOutboxRelay } from './forward-outbox.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: 100, deadlock_timeout: '50ms' } })
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

const app = defineApp({
  rooms: {
    'ward:{id}': {
      events: { 'bed.freed': z.object({ n: z.number(), note: z.string().optional() }) },
      access: 'tenant',
      log: { archive: '1d' },
    },
  },
})

const waitFor = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 8_000; Date.now() < end; ) {
    if (await what()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it did not happen within 8 s')
}

/** A database with nodes that publish from its outbox. */
class OutboxWorld implements AsyncDisposable {
  readonly database: TestDatabase
  readonly store: TestStore
  readonly counts = new Map<string, number>()
  readonly #closing: (() => Promise<void>)[] = []

  private constructor(database: TestDatabase, store: TestStore) {
    this.database = database
    this.store = store
  }

  static async open({ nodes = 1 }: { readonly nodes?: number } = {}): Promise<OutboxWorld> {
    const database = await server.database()
    const world = new OutboxWorld(database, await openTestStore({ url: database.url }))
    for (let node = 0; node < nodes; node++) await world.joins()
    return world
  }

  async joins(): Promise<void> {
    const store = await openTestStore({ url: this.database.url })
    const metrics: Metrics = {
      add: (name, by = 1) => void this.counts.set(name, (this.counts.get(name) ?? 0) + by),
      observe() {},
      gauge() {},
    }
    const relay = createOutboxRelay({
      store,
      app,
      limits: { idempotencyKeyBytes: 128, messageBytes: 65_536 },
      clock: systemClock,
      log: silentLog,
      metrics,
    })
    const stop = relay.start()
    this.#closing.push(async () => {
      await stop()
      await store.close()
    })
  }

  count(name: 'published' | 'refused'): number {
    return this.counts.get(`fanfare_outbox_${name}_total`) ?? 0
  }

  async client(url = this.database.url): Promise<Client & AsyncDisposable> {
    const client = new Client({ connectionString: url })
    await client.connect()
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
  }

  /** One row for each number, in a transaction of its own. */
  async inserts(client: Client, numbers: readonly number[], { room = 'ward:1', ms = 0 } = {}): Promise<void> {
    await client.query(`BEGIN; SELECT set_config('fanfare.tenant', 'clinic', true)`)
    for (const n of numbers) {
      await client.query(
        `INSERT INTO fanfare_outbox (tenant_id, room, event, data) VALUES ('clinic', $1, 'bed.freed', $2)`,
        [room, JSON.stringify({ n })],
      )
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    }
    await client.query('COMMIT')
  }

  async journal(room = 'ward:1'): Promise<readonly { readonly offset: number; readonly n: number }[]> {
    const found = await this.store
      .of('clinic')
      .read((rows) =>
        rows.selectFrom('journal').select(['offset', 'data']).where('room', '=', room).orderBy('offset').execute(),
      )
    return found.map(({ offset, data }) => ({ offset, n: JSON.parse(data).n }))
  }

  waiting() {
    return this.database.query('SELECT room, event, error FROM fanfare_outbox ORDER BY seq')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close()
    await this.store.close()
  }
}

test('what a transaction inserts is published once it commits, in its order; what it takes back never', async () => {
  await using world = await OutboxWorld.open()
  await using client = await world.client()
  await client.query('BEGIN')
  await client.query(`SELECT set_config('fanfare.tenant', 'clinic', true)`)
  await client.query(
    `INSERT INTO fanfare_outbox (tenant_id, room, event, data) VALUES ('clinic', 'ward:1', 'bed.freed', '{"n":0}')`,
  )
  await client.query('ROLLBACK')
  await world.inserts(client, [1, 2, 3])
  await waitFor(() => world.count('published') === 3)
  expect(await world.journal()).toEqual([
    { offset: 1, n: 1 },
    { offset: 2, n: 2 },
    { offset: 3, n: 3 },
  ])
  expect(await world.waiting()).toEqual([])
})

test('R-24 32 writers, transactions of any length, two nodes: every row once, and each transaction in its order', async () => {
  await using world = await OutboxWorld.open({ nodes: 2 })
  const perWriter = 4
  const length = 3
  await Promise.all(
    Array.from({ length: 32 }, async (_, writer) => {
      await using client = await world.client()
      for (let round = 0; round < perWriter; round++) {
        const first = (writer * perWriter + round) * length
        const room = `ward:${writer % 2}`
        await world.inserts(client, [first, first + 1, first + 2], { room, ms: Math.random() * 12 })
      }
    }),
  )
  await waitFor(async () => (await world.waiting()).length === 0)
  const all = [...(await world.journal('ward:0')), ...(await world.journal('ward:1'))]
  expect(all.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 32 * perWriter * length }, (_, n) => n),
  )
  for (const room of ['ward:0', 'ward:1']) {
    const journal = await world.journal(room)
    expect(journal.map(({ offset }) => offset)).toEqual(journal.map((_, index) => index + 1))
    const place = new Map(journal.map(({ n, offset }) => [n, offset]))
    for (const [n, offset] of place) {
      const before = place.get(n - 1)
      // A writer's transactions follow each other, so all of its rows are in order.
      if (n % (perWriter * length) > 0 && before !== undefined) expect(offset).toBeGreaterThan(before)
    }
  }
}, 20_000)

test('R-25 without NOTIFY, as behind a pooler, rows are found all the same, and soon', async () => {
  await using world = await OutboxWorld.open()
  await world.database.query('DROP TRIGGER fanfare_outbox ON fanfare_outbox')
  await using client = await world.client()
  for (let n = 0; n < 3; n++) {
    const began = Date.now()
    await world.inserts(client, [n])
    await waitFor(() => world.count('published') === n + 1)
    // 200 ms between looks; the rest is for a busy machine.
    expect(Date.now() - began).toBeLessThan(1_500)
  }
})

test('a row that cannot be published is set aside with what is wrong, and holds up nobody', async () => {
  await using world = await OutboxWorld.open()
  const insert = (room: string, event: string, data: string) =>
    world.database.query(`INSERT INTO fanfare_outbox (tenant_id, room, event, data) VALUES ('clinic', $1, $2, $3)`, [
      room,
      event,
      data,
    ])
  await insert('nowhere', 'bed.freed', '{"n":1}')
  await insert('ward:1', 'bed.lost', '{"n":1}')
  await insert('ward:1', 'bed.freed', '{"n":"one"}')
  await insert('ward:1', 'bed.freed', '{"n":')
  await insert('ward:1', 'bed.freed', JSON.stringify({ n: 1, note: 'x'.repeat(70_000) }))
  await insert('ward:1', 'bed.freed', '{"n":7}')
  await waitFor(() => world.count('published') === 1 && world.count('refused') === 5)
  expect((await world.journal()).map(({ n }) => n)).toEqual([7])
  expect((await world.waiting()).map(({ error }) => String(error).split(':')[0])).toEqual([
    'unknown_room',
    'unknown_event',
    'invalid_payload',
    'invalid_payload',
    'too_large',
  ])
  // Mended, it is tried again.
  await world.database.query(`UPDATE fanfare_outbox SET error = NULL, data = '{"n":8}' WHERE data = '{"n":'`)
  await waitFor(() => world.count('published') === 2)
  expect((await world.journal()).at(-1)?.n).toBe(8)
})

test('a key has one effect, as a server’s publish has', async () => {
  await using world = await OutboxWorld.open()
  const insert = (n: number) =>
    world.database.query(
      `INSERT INTO fanfare_outbox (tenant_id, room, event, data, key) VALUES ('clinic', 'ward:1', 'bed.freed', $1, 'k')`,
      [JSON.stringify({ n })],
    )
  await insert(1)
  await waitFor(() => world.count('published') === 1)
  await insert(2)
  await waitFor(async () => (await world.waiting()).length === 0)
  expect(await world.journal()).toEqual([{ offset: 1, n: 1 }])
})

test('a role of the application may insert, for no other tenant than it names, and read nothing', async () => {
  await using world = await OutboxWorld.open()
  await world.database.query('CREATE ROLE billing LOGIN NOSUPERUSER NOBYPASSRLS')
  await world.database.query('GRANT INSERT ON fanfare_outbox TO billing')
  await using client = await world.client(world.database.url.replace('application@', 'billing@'))
  await client.query(
    `INSERT INTO fanfare_outbox (tenant_id, room, event, data) VALUES ('clinic', 'ward:1', 'bed.freed', '{"n":1}')`,
  )
  await world.inserts(client, [2])
  await waitFor(() => world.count('published') === 2)
  await client.query(`BEGIN; SELECT set_config('fanfare.tenant', 'clinic', true)`)
  const foreign = client.query(
    `INSERT INTO fanfare_outbox (tenant_id, room, event, data) VALUES ('hospital', 'ward:1', 'bed.freed', '{"n":1}')`,
  )
  await expect(foreign).rejects.toThrow('row-level security')
  await client.query('ROLLBACK')
  await expect(client.query('SELECT * FROM fanfare_outbox')).rejects.toThrow('permission denied')
})

test('PostgreSQL away and back: what was inserted before and after is published', async () => {
  await using world = await OutboxWorld.open()
  {
    await using client = await world.client()
    await world.inserts(client, [1])
  }
  await waitFor(() => world.count('published') === 1)
  await server.restart()
  await using client = await world.client()
  await world.inserts(client, [2])
  await waitFor(() => world.count('published') === 2)
  expect((await world.journal()).map(({ n }) => n)).toEqual([1, 2])
}, 20_000)
