import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../lib/clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { createStore } from '../create-store.ts'
import { masterKeys } from '../master-keys.ts'
import { allSchemas } from '../open-store.ts'
import { openSqlite } from '../sqlite.ts'
import { sqliteBackend } from './backend.ts'

/** A store in a file, and the connection that writes to it. */
const worldOf = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-faults-'))
  const path = join(folder, 'store.sqlite')
  const opened: DatabaseSync[] = []
  const open = () => {
    const database = openSqlite({ path, migrations: [] })
    opened.push(database)
    return database
  }
  const backend = sqliteBackend({ open, place: 'file', clock: systemClock, readers: 3 })
  const schemas = allSchemas([])
  await backend.migrate(schemas)
  const failures: string[] = []
  const metrics = { ...noMetrics, add: (name: string) => void failures.push(name) }
  const store = createStore({
    backend,
    schemas,
    masters: masterKeys([]),
    clock: systemClock,
    ids: uuidv7,
    log: silentLog,
    metrics,
  })
  const tenant = store.of('clinic')
  return {
    tenant,
    path,
    failures,
    opened,
    writer: opened[0]!,
    publish: (data: string) => tenant.change((change) => change.publish([{ room: 'ward', type: 'noted', data }])),
    offsets: () => tenant.read((rows) => rows.selectFrom('journal').select('offset').orderBy('offset').execute()),
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

test('a full disk refuses a change whole, and the store goes on once there is room', async () => {
  await using world = await worldOf()
  await world.publish('before')
  const pages = Number(world.writer.prepare('PRAGMA page_count').get()!.page_count)
  world.writer.exec(`PRAGMA max_page_count = ${pages + 2}`)
  await expect(world.publish('x'.repeat(100_000))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('full'),
  })
  expect(world.failures).toEqual(['fanfare_store_failures_total'])
  expect(await world.offsets()).toHaveLength(1)
  world.writer.exec('PRAGMA max_page_count = 1000000')
  expect(await world.publish('x'.repeat(100_000))).toMatchObject([{ offset: 2 }])
})

test('what a change throws is thrown as it is, and is no failure of the store', async () => {
  await using world = await worldOf()
  const mine = new Error('mine')
  await expect(world.tenant.change(async () => Promise.reject(mine))).rejects.toBe(mine)
  expect(world.failures).toEqual([])
})

test('one who reads for long keeps neither changes nor other readers from their work', async () => {
  await using world = await worldOf()
  const held = Promise.withResolvers<void>()
  await world.publish('first')
  const reading = world.tenant.read(async (rows) => {
    const count = () => rows.selectFrom('journal').select('offset').execute()
    const before = await count()
    await held.promise
    return [before.length, (await count()).length]
  })
  await world.publish('second')
  expect(await world.offsets()).toHaveLength(2)
  held.resolve()
  expect(await reading).toEqual([1, 1])
})

test('readers are bounded, and those beyond the bound wait their turn', async () => {
  await using world = await worldOf()
  const held = Promise.withResolvers<void>()
  const many = Array.from({ length: 12 }, (_, index) =>
    world.tenant.read(async () => {
      await held.promise
      return index
    }),
  )
  held.resolve()
  expect(await Promise.all(many)).toHaveLength(12)
  expect(world.opened).toHaveLength(4)
})

test('the log of changes does not grow without end', async () => {
  await using world = await worldOf()
  for (let change = 0; change < 80; change++) await world.publish('x'.repeat(1_000_000))
  expect(statSync(`${world.path}-wal`).size).toBeLessThan(65_000_000)
})

test('a statement that was let go for many others is prepared again', async () => {
  await using world = await worldOf()
  await world.publish('first')
  const among = (length: number) =>
    world.tenant.read((rows) =>
      rows
        .selectFrom('journal')
        // Each is another statement.
        .select((eb) => eb.ref('offset').as(`at_${length}`))
        .where('offset', '<', length)
        .execute(),
    )
  for (let length = 1; length <= 320; length++) expect(await among(length)).toHaveLength(length === 1 ? 0 : 1)
  expect(await among(2)).toHaveLength(1)
})
