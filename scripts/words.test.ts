import { expect, test } from 'bun:test'
import { findForbidden } from './words.ts'

const shipped = (source: string, path = 'packages/server/src/hub/hub.ts') => findForbidden({ path, source })

test('holds identifiers to the glossary, but not comments, texts or names of the platform', () => {
  expect(shipped('const roomChannel = 1')).toEqual([
    'packages/server/src/hub/hub.ts:1 roomChannel is not a word of this project; the glossary in ARCHITECTURE.md has the right one.',
  ])
  expect(shipped(`// a channel\nconst a = 'topic'\nnew BroadcastChannel('x'), TypeError`)).toEqual([])
  for (const word of ['peers', 'topicName', 'namespace_id', 'openChannel()']) expect(shipped(word)).toHaveLength(1)
  expect(shipped('const namespace = 1', 'packages/server/src/wire/socketio/connect.ts')).toEqual([])
})

test('lets only listeners name a runtime', () => {
  expect(shipped(`import { Database } from 'bun:sqlite'`)).toHaveLength(1)
  expect(shipped('const server = Bun.serve({})')).toHaveLength(1)
  expect(shipped('const server = Bun.serve({})', 'packages/server/src/listen/bun.ts')).toEqual([])
  expect(shipped(`import { test } from 'bun:test'`, 'packages/server/src/hub/hub.test.ts')).toEqual([])
})

test('refuses notes to self, hidden errors and blind exports', () => {
  expect(shipped('// TODO later')).toHaveLength(1)
  expect(shipped('// @ts-nocheck')).toHaveLength(1)
  expect(shipped(`export * from './a.ts'`, 'packages/server/src/index.ts')).toHaveLength(1)
})

test('refuses a test that keeps others from running', () => {
  expect(findForbidden({ path: 'test/journeys/a.test.ts', source: `test.only('a', () => {})` })).toHaveLength(1)
})
