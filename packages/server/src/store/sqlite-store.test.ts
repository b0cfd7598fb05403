import { afterAll } from 'bun:test'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStore, wardSchema } from './store.contract.ts'
import { openTestStore, type TestStore } from './store.world.ts'

const folder = mkdtempSync(join(tmpdir(), 'fanfare-store-'))
afterAll(() => rmSync(folder, { recursive: true }))

let made = 0
const paths = new WeakMap<object, { readonly path: string; readonly encryptionKeys: readonly string[] }>()
const open = async (path: string, encryptionKeys: readonly string[]): Promise<TestStore> => {
  const store = await openTestStore({ schemas: [wardSchema], path, encryptionKeys })
  paths.set(store, { path, encryptionKeys })
  return store
}

/** What the file and its log hold while nobody has closed it. */
const copyOf = (store: object): string => {
  const { path } = paths.get(store)!
  const copy = join(folder, `${++made}.sqlite`)
  cpSync(path, copy)
  cpSync(`${path}-wal`, `${copy}-wal`)
  return copy
}

describeStore('SQLite', {
  make: ({ encryptionKeys = [] } = {}) => open(join(folder, `${++made}.sqlite`), encryptionKeys),
  crashed: (store) => open(copyOf(store), paths.get(store)!.encryptionKeys),
  beside: (store, encryptionKeys) => open(copyOf(store), encryptionKeys),
})
