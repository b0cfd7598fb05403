import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fakeClock } from '../lib/fake-clock.ts'
import { describeCache } from '../model/cache.contract.ts'
import { openDataFolder } from './data-folder.ts'
import { SqliteCache } from './sqlite-cache.ts'

const makeHost = async () => {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-cache-'))
  const folder = await openDataFolder(path)
  const clock = fakeClock()
  return {
    clock,
    folder,
    next: async () => new SqliteCache({ clock, folder, entries: 50 }),
    async close() {
      folder.close()
      rmSync(path, { recursive: true })
    },
  }
}

describeCache('sqlite', makeHost)

test('memory holds no more than it may', async () => {
  const host = await makeHost()
  const cache = new SqliteCache({ clock: host.clock, folder: host.folder, entries: 50, chars: 10_000 })
  const stop = await cache.start()
  for (let number = 0; number < 200; number++) await cache.of('t').set(`k${number}`, 'x')
  expect(cache.entriesInMemory).toBe(50)
  for (let number = 0; number < 20; number++) await cache.of('t').set(`long${number}`, 'x'.repeat(1_000))
  expect(cache.entriesInMemory).toBeLessThan(10)
  await stop()
  await host.close()
})

test('a full disk refuses a write, keeps what was there, and is used again when it has room', async () => {
  const host = await makeHost()
  let database: DatabaseSync | undefined
  const folder = {
    ...host.folder,
    database: (...given: Parameters<typeof host.folder.database>) => {
      database = host.folder.database(...given)
      return database
    },
  }
  const cache = new SqliteCache({ clock: host.clock, folder })
  const stop = await cache.start()
  const values = cache.of('t')
  await values.set('k', 'before')
  database?.exec('PRAGMA max_page_count = 1')
  await expect(values.set('k', 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'unavailable' })
  expect(await values.get('k')).toBe('before')
  database?.exec('PRAGMA max_page_count = 1073741823')
  await values.set('k', 'after')
  expect(await values.get('k')).toBe('after')
  await stop()
  await host.close()
})
