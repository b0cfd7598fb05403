import { expect, test } from 'bun:test'
import { DatabaseSync } from 'node:sqlite'
import { fakeClock } from '../../lib/fake-clock.ts'
import type { EngineDisk } from './disk.ts'
import { EmbeddedSessionStates } from './session-states.ts'

const state = {
  session: 'a',
  secret: 's',
  tenantId: 't',
  userId: 'u',
  namespace: '/',
  node: 'n',
  rooms: [],
  data: null,
}

test('without a disk states are kept in memory', async () => {
  const states = new EmbeddedSessionStates({ clock: fakeClock(), disk: 'none' })
  const stop = await states.start()
  await states.create(state, 1_000)
  expect(await states.find('a')).toEqual(state)
  await stop()
})

test('what cannot be written is refused as a whole, and the next is written', async () => {
  const database = new DatabaseSync(':memory:')
  const disk: EngineDisk = {
    path: ':memory:',
    database(_, { migrations }) {
      for (const migration of migrations) database.exec(migration)
      return database
    },
    counter: () => ({ read: () => 0, write() {}, close() {} }),
  }
  const states = new EmbeddedSessionStates({ clock: fakeClock(), disk })
  const stop = await states.start()
  const refused = await Promise.allSettled([states.create(state, 1_000), states.create(state, 1_000)])
  expect(refused.map((result) => result.status)).toEqual(['rejected', 'rejected'])
  expect(await states.find('a')).toBeUndefined()
  await states.create(state, 1_000)
  expect(await states.find('a')).toEqual(state)
  await stop()
})
