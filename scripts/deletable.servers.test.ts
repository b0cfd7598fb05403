/**
 * Each feature can be deleted: its folder and its line in `features.ts`, and what is left builds, keeps its borders, passes the
 * tests of the other features and starts. Proved on copies.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import process from 'node:process'
import { features } from '../packages/server/src/features.ts'
import { findBroken } from './borders.ts'
import { filesIn, isServersTest } from './lib/files.mjs'
import { importsOf } from './lib/imports.ts'
import { capture, root } from './lib/run.mjs'

const names = features.map(({ name }) => name as string)
const source = 'packages/server/src'

/** What goes with a feature besides its folder: commands for whoever runs a node, which read it or keep in it what they do. */
const goesWith: { readonly [name: string]: RegExp } = { audit: /^cli\/(?:audit|tenant|key)/ }

/** Tests of what all features keep together. */
const aboutAll = ['cli/tenant.world.ts', 'cli/tenant.test.ts', 'cli/tenant.servers.test.ts']

/** Long searches for what may go wrong within a feature: they say nothing of its neighbours. */
const isLong = (path: string): boolean => /\/(?:interleavings|devices)\./.test(path)

const folder = (() => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  // Inside the repository, so that packages are found where they are installed.
  return mkdtempSync(join(root, '.cache', 'deletable-'))
})()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sources = (
  filesIn([source, 'packages/testkit/src'], (name: string) => /\.(ts|tsx|mjs)$/.test(name)) as string[]
).map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }))

/** Files that are deleted with the feature; whoever imports one of them is listed too. */
const deletedWith = (name: string): { readonly deleted: ReadonlySet<string>; readonly touched: readonly string[] } => {
  const deleted = new Set(
    sources.map(({ path }) => path).filter((path) => path.startsWith(`${source}/features/${name}/`)),
  )
  const importers = () =>
    sources.filter(({ path }) => !deleted.has(path) && importedOf(path).some((to) => deleted.has(to)))
  for (let again = true; again; ) {
    const more = importers().filter(({ path }) => goesWith[name]?.test(path.slice(source.length + 1)))
    for (const { path } of more) deleted.add(path)
    again = more.length > 0
  }
  return { deleted, touched: importers().map(({ path }) => path) }
}

const importedOf = (path: string): readonly string[] =>
  importsOf(sources.find((one) => one.path === path)?.source ?? '')
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.normalize(posix.join(posix.dirname(path), specifier)))

/** Without the imports of what is deleted, and the lines and places in lists where what they brought is used. */
const withoutUses = (text: string, path: string, deleted: ReadonlySet<string>): string => {
  const imports = /^import (?:type )?\{([^}]*)\} from '([^']+)'\n/gm
  const gone: string[] = []
  const left = text.replace(imports, (whole, brought: string, specifier: string) => {
    if (!deleted.has(posix.normalize(posix.join(posix.dirname(path), specifier)))) return whole
    gone.push(...brought.split(',').map((one) => one.trim()))
    return ''
  })
  return gone.reduce(
    (rest, name) =>
      rest.replace(new RegExp(`^\\s*${name}\\(.*\\)\n`, 'm'), '').replace(new RegExp(`\\b${name}\\b(?:,\\s*)?`), ''),
    left,
  )
}

const copyWithout = (name: string): string => {
  const copy = join(folder, name)
  const { deleted, touched } = deletedWith(name)
  const own = `${source}/features/${name}`
  for (const part of ['packages/server', 'packages/testkit']) {
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => {
        const name = path.slice(root.length + 1)
        return !/\/(?:node_modules|dist)$/.test(path) && !deleted.has(name) && name !== own
      },
    })
  }
  for (const path of touched) {
    const text = sources.find((one) => one.path === path)?.source ?? ''
    writeFileSync(join(copy, path), withoutUses(text, path, deleted))
  }
  mkdirSync(join(copy, 'node_modules/@fanfare'), { recursive: true })
  for (const part of ['server', 'testkit']) {
    symlinkSync(join(copy, 'packages', part), join(copy, 'node_modules/@fanfare', part))
    // The compiler takes packages of one name and version for one package, wherever they are.
    const description = join(copy, 'packages', part, 'package.json')
    writeFileSync(description, readFileSync(description, 'utf8').replace('"version": "', `"version": "0.0.0-${name}-`))
  }
  return copy
}

/** One run of the compiler over all copies: what they share is read once. */
const compile = async (): Promise<string> => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: object
  }
  // Elsewhere nobody imports a feature (that is tested too), but through these.
  const include = names.flatMap((name) =>
    [`${source}/*.ts`, `${source}/features`, `${source}/cli`, 'packages/testkit/src'].map((path) => `${name}/${path}`),
  )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include, exclude: aboutAll.map((path) => `*/${source}/${path}`) }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return (await capture('node', [tsc, '--noEmit', '--pretty', 'false', '-p', folder])).output
}

let compiled: Promise<string>
beforeAll(() => {
  for (const name of names) copyWithout(name)
  compiled = compile()
})

describe.each(names)('without %s', (name) => {
  const copy = join(folder, name)

  test('only the list of features and what goes with it are touched', () => {
    const { touched } = deletedWith(name)
    const allowed = [`${source}/features.ts`, ...(goesWith[name] ? [`${source}/cli/program.ts`] : [])]
    expect(touched.filter((path) => !allowed.includes(path))).toEqual([])
    expect(existsSync(join(copy, source, 'features', name))).toBe(false)
    expect(readFileSync(join(copy, source, 'features.ts'), 'utf8')).not.toContain(`/${name}/`)
  })

  test('its borders hold', () => {
    const { deleted } = deletedWith(name)
    const left = sources
      .filter(({ path }) => !deleted.has(path))
      .map(({ path }) => ({ path, source: readFileSync(join(copy, path), 'utf8') }))
    expect(findBroken(left)).toEqual([])
  })

  test('its types hold', async () => {
    const errors = (await compiled).split('\n').filter((line: string) => line.includes(`/${name}/packages/`))
    expect(errors).toEqual([])
  }, 60_000)

  test('the other features pass their tests, and a node starts without it', async () => {
    const others = sources
      .map(({ path }) => path)
      .filter((path) => path.startsWith(`${source}/features/`) && path.endsWith('.test.ts'))
      .filter((path) => !path.startsWith(`${source}/features/${name}/`) && !isServersTest(path) && !isLong(path))
    const node = [`${source}/node-features.test.ts`, `${source}/chosen-features.test.ts`]
    const { code, output } = await capture(
      process.execPath,
      ['test', ...[...others, ...node].map((path) => `./${path}`)],
      {
        cwd: copy,
      },
    )
    expect(
      code === 0
        ? ''
        : output
            .split('\n')
            .filter((line) => !line.startsWith('(pass)'))
            .join('\n'),
    ).toBe('')
  }, 60_000)
})

test('there are features to delete', () => {
  expect(names.length).toBeGreaterThan(0)
  expect(dirname(folder)).toBe(join(root, '.cache'))
})
