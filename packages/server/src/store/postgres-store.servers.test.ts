import { afterAll, beforeAll } from 'bun:test'
import { type PostgresServer, startPostgres } from './postgres.world.ts'
import { describeStore, wardSchema } from './store.contract.ts'
import { openTestStore, type TestStore } from './store.world.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ settings: { deadlock_timeout: '20ms' } })
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

const places = new WeakMap<object, { readonly url: string; readonly encryptionKeys: readonly string[] }>()
const open = async (url: string, encryptionKeys: readonly string[]): Promise<TestStore> => {
  const store = await openTestStore({ schemas: [wardSchema], url, encryptionKeys })
  places.set(store, { url, encryptionKeys })
  return store
}

describeStore('PostgreSQL', {
  make: async ({ encryptionKeys = [] } = {}) => open((await server.database()).url, encryptionKeys),
  async crashed(store) {
    const { url, encryptionKeys } = places.get(store)!
    await server.restart()
    return open(url, encryptionKeys)
  },
  beside: (store, encryptionKeys) => open(places.get(store)!.url, encryptionKeys),
})
