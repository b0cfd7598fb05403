import { expect, test } from 'bun:test'
import { findBroken, packages, serverOrder } from './borders.ts'
import { importsOf } from './lib/imports.ts'

const file = (path: string, ...specifiers: string[]) => ({
  path,
  source: specifiers.map((specifier, index) => `import { x${index} } from '${specifier}'`).join('\n'),
})
const server = (path: string, ...specifiers: string[]) => file(`packages/server/src/${path}`, ...specifiers)

test('sees every form of import, over lines too', () => {
  const source = `
    import type { A } from './a.ts'
    export {
      b,
    } from './b.ts'
    import './c.ts'
    const d = await import('./d.ts')
    type E = import('./e.ts').E
    // import { f } from './f.ts'
    /* import { g } from './g.ts' */
    const h = Buffer.from('./h.ts')
  `
  expect(importsOf(source)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts'])
})

test('lets a folder import what stands before it', () => {
  expect(findBroken([server('flows/publish.ts', '../hub/hub.ts', '../lib/clock.ts', '@fanfare/protocol')])).toEqual([])
})

test('refuses an import of what stands after', () => {
  const [problem] = findBroken([server('hub/hub.ts', '../flows/publish.ts')])
  expect(problem).toContain('flows comes after hub')
})

test('refuses a folder that the table does not have', () => {
  const [problem] = findBroken([server('utils/all.ts', '../lib/clock.ts')])
  expect(problem).toContain('packages/server/src/utils is not in the table')
})

test('lets only the composition root name an engine or a listener', () => {
  expect(findBroken([server('server.ts', './engine/embedded/engine.ts', './listen/bun.ts')])).toEqual([])
  expect(findBroken([server('backing.ts', './engine/redis/redis.ts')])).toEqual([])
  const [problem] = findBroken([server('http/api.ts', '../engine/embedded/engine.ts')])
  expect(problem).toContain('only backing.ts, node.ts, create-fanfare.ts and server.ts name engine/embedded')
})

test('keeps features apart', () => {
  const [problem] = findBroken([server('features/chat/send.ts', '../inbox/add.ts')])
  expect(problem).toContain('a feature knows no other feature')
  expect(findBroken([server('features/chat/send.ts', './parts.ts')])).toEqual([])
})

test('holds packages to their row', () => {
  expect(findBroken([file('packages/client/src/a.ts', '@fanfare/protocol')])).toEqual([])
  const [problem] = findBroken([file('packages/client/src/a.ts', '@fanfare/server')])
  expect(problem).toContain('packages/client may import protocol')
  const [lonely] = findBroken([file('packages/protocol/src/a.ts', '@fanfare/client')])
  expect(lonely).toContain('may import no other package')
})

test('refuses a path that leaves the package, but not in tests', () => {
  const [problem] = findBroken([file('packages/testkit/src/a.ts', '../../server/src/server.ts')])
  expect(problem).toContain('it leaves packages/testkit')
  expect(findBroken([file('packages/testkit/src/a.test.ts', '../../server/src/server.ts')])).toEqual([])
  expect(findBroken([file('examples/ward/app.ts', '../hospital/app.ts')])).toHaveLength(1)
})

test('refuses in what ships an import of what is for tests', () => {
  const [problem] = findBroken([server('hub/hub.ts', './hub.world.ts')])
  expect(problem).toContain('what ships cannot need what is for tests')
  expect(findBroken([server('hub/hub.world.ts', './hub.contract.ts', '../flows/publish.ts')])).toEqual([])
})

test('finds a circle, even of types, and tells the way around', () => {
  const broken = findBroken([
    { path: 'packages/client/src/a.ts', source: `import type { B } from './b.ts'` },
    { path: 'packages/client/src/b.ts', source: `export type { C } from './c.ts'` },
    { path: 'packages/client/src/c.ts', source: `import { a } from './a.ts'` },
    { path: 'packages/client/src/d.ts', source: `import { a } from './a.ts'` },
  ])
  expect(broken).toEqual([
    'A circle of imports: packages/client/src/a.ts → packages/client/src/b.ts → packages/client/src/c.ts → packages/client/src/a.ts',
  ])
})

test('the tables name everything once', () => {
  expect(new Set(serverOrder).size).toBe(serverOrder.length)
  for (const row of Object.values(packages)) for (const name of row) expect(packages).toHaveProperty(name)
})
