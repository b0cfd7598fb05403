/**
 * A team's own PostgreSQL transactions carry events, and a client on either of two nodes hears them: each that was committed
 * once, none that was taken back, whatever becomes of NOTIFY and of rows that can never be published.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { writeOutbox } from '@fanfare/backend'
import { type Actor, homeTenant, type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Client } from 'pg'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import {
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from '../../packages/server/src/store/postgres.world.ts'

const app = fileURLToPath(new URL('../support/charts.ts', import.meta.url))
const writers = 32

let redis: RedisServer
let postgres: PostgresServer
let database: TestDatabase
let nodes: readonly ServerProcess[]

beforeAll(async () => {
  const started = await Promise.all([startRedis(), startPostgres()])
  redis = started[0]
  postgres = started[1]
  database = await postgres.database()
  const secret = randomBytes(48).toString('base64url')
  const environment = { REDIS_URL: redis.url, FANFARE_DATABASE_URL: database.url }
  // Both migrate, at once.
  nodes = await Promise.all([1, 2].map(() => startServerProcess({ app, secret, environment })))
}, 60_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
  await Promise.all([redis[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()])
})

const within = async (what: string, holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + 10_000; performance.now() < end; await Bun.sleep(5)) if (holds()) return
  throw new Error(`not within 10 s: ${what}`)
}

/** Somebody in each room, on each node. */
const listeners = (...rooms: readonly string[]): Promise<readonly Actor[]> =>
  Promise.all(
    nodes.map(async (node, index) => {
      const person = await node.person(`listener${index}`)
      for (const room of rooms) await person.joins(room)
      return person
    }),
  )

const heardBy = (person: Actor, room: string): readonly number[] =>
  person.heard.filter((event) => event.room === room).map(({ data }) => (data as { readonly n: number }).n)

/** One transaction: its numbers, a while between them, and how it ends. */
const transaction = async (room: string, numbers: readonly number[], end: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
  const client = new Client({ connectionString: postgres.url.replace(/postgres$/, database.name) })
  await client.connect()
  try {
    await client.query('BEGIN')
    for (const n of numbers) {
      await writeOutbox(client, { tenant: homeTenant, room, event: 'counted', data: { n } })
      await Bun.sleep(Math.random() * 40)
    }
    await client.query(end)
  } finally {
    await client.end()
  }
}

test('R-24: what 32 transactions commit while they overlap is heard once on both nodes, each in its order; what they take back never', async () => {
  const people = await listeners('chart:overlap')
  const batches = Array.from({ length: writers * 2 }, (_, index) => ({
    numbers: [1, 2, 3].map((step) => index * 10 + step),
    end: index % 4 === 3 ? ('ROLLBACK' as const) : ('COMMIT' as const),
  }))
  const queue = [...batches]
  const writer = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await transaction('chart:overlap', next.numbers, next.end)
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  const committed = batches.filter(({ end }) => end === 'COMMIT')
  const expected = committed.flatMap(({ numbers }) => numbers)
  for (const person of people) {
    await within('everything is heard', () => heardBy(person, 'chart:overlap').length >= expected.length)
    const heard = heardBy(person, 'chart:overlap')
    expect([...heard].sort((a, b) => a - b)).toEqual(expected)
    expect(person.heard.map(({ offset }) => offset)).toEqual(expected.map((_, index) => index + 1))
    for (const { numbers } of committed) {
      expect(heard.filter((n) => numbers.includes(n))).toEqual(numbers)
    }
  }
  expect(heardBy(people[0]!, 'chart:overlap')).toEqual(heardBy(people[1]!, 'chart:overlap'))
}, 30_000)

test('R-25: with nobody to hear NOTIFY, events come by the poll', async () => {
  const [person] = (await listeners('chart:deaf')) as [Actor]
  await database.query(`ALTER TABLE fanfare_outbox DISABLE TRIGGER fanfare_outbox`)
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fanfare-listen'`,
  )
  for (const n of [1, 2, 3]) {
    await transaction('chart:deaf', [n], 'COMMIT')
    const committedAt = performance.now()
    await within('it is heard', () => heardBy(person, 'chart:deaf').length === n)
    // 200 ms is how often a node looks; the rest is for a machine that has more to do.
    expect(performance.now() - committedAt).toBeLessThan(1_500)
  }
  await database.query(`ALTER TABLE fanfare_outbox ENABLE TRIGGER fanfare_outbox`)
}, 30_000)

test('rows that can never be published say why, and hold up nobody: not those behind them, nor other tenants', async () => {
  const [person] = (await listeners('chart:poison')) as [Actor]
  const client = new Client({ connectionString: postgres.url.replace(/postgres$/, database.name) })
  await client.connect()
  const row = (more: Partial<Parameters<typeof writeOutbox>[1]>) =>
    writeOutbox(client, { tenant: homeTenant, room: 'chart:poison', event: 'counted', data: { n: 1 }, ...more })
  // Before all others, by its name: it is no tenant's.
  await row({ tenant: '!!' })
  await row({ room: 'no such:room' })
  await row({ event: 'no.such' })
  await row({ data: { n: 'one' } })
  // Too long for any index.
  await row({ key: randomBytes(6_000).toString('hex') })
  await row({ data: { n: 7 } })
  await within('the good one is heard', () => heardBy(person, 'chart:poison').includes(7))
  const left = await database.query('SELECT error FROM fanfare_outbox ORDER BY seq')
  expect(left.map(({ error }) => String(error).split(':')[0])).toEqual([
    'bad_name',
    'bad_name',
    'unknown_event',
    'invalid_payload',
    'bad_frame',
  ])
  await client.end()
  expect(heardBy(person, 'chart:poison')).toEqual([7])
}, 30_000)
