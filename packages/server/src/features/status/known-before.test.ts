/** A database of a time when everybody's coming was written down. */
import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeClock } from '../../lib/fake-clock.ts'
import { openTestStore } from '../../store/store.world.ts'
import { hearStatuses, openNode, settled, tenantId } from './status.world.ts'
import { statusSchema } from './tables.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

test('whoever was known goes on being told, as they were left, with versions that rise', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-statuses-'))
  folders.push(folder)
  const path = join(folder, 'store.sqlite')
  const clock = fakeClock()
  const now = clock.now()
  const before = await openTestStore({
    schemas: [{ ...statusSchema, migrations: statusSchema.migrations.slice(0, 1) }],
    path,
    clock,
  })
  const row = { connected: 1, connected_at: now, last_seen: null, chosen: 'busy', text: 'here', version: now }
  await before.of(tenantId).change(async ({ rows }) => {
    for (const user of ['ann', 'bob']) {
      await rows
        .insertInto('user_status')
        .values({ user_id: user, ...row } as never)
        .execute()
    }
  })
  await before.close()
  await using store = await openTestStore({ schemas: [statusSchema], path, clock })
  const heard = hearStatuses(store)
  const there = new Set(['ann'])
  const directory = { online: () => there }
  const node = await openNode({ clock, store, directory, told: 'what is watched' })
  expect(await node.api.get(['ann', 'bob'])).toMatchObject(
    ['ann', 'bob'].map((userId) => ({ userId, state: 'busy', text: 'here', version: now })),
  )
  await clock.advance(100_000)
  await node.api.went('bob', new Date(now).toISOString())
  there.add('bob')
  node.api.came('bob')
  await settled()
  expect(heard.map(({ userId, state }) => `${userId} ${state}`)).toEqual(['bob offline', 'bob busy'])
  expect(heard[0]!.version).toBeGreaterThan(now)
  expect(heard[1]!.version).toBeGreaterThan(heard[0]!.version)
  await node.stop()
})
