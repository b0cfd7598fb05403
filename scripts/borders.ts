/**
 * Who may import whom: the table, and the check that holds it. A package imports the packages of its row; a folder of
 * the server imports only folders before it; no file is in a circle of imports, not even of types.
 */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import process from 'node:process'
import { cyclesIn } from './lib/cycles.ts'
import { filesIn, isForTests } from './lib/files.mjs'
import { importsOf } from './lib/imports.ts'

/** Package → the packages of this repository that it may import. */
export const packages: { readonly [name: string]: readonly string[] } = {
  protocol: [],
  client: ['protocol'],
  react: ['client', 'protocol'],
  backend: ['protocol'],
  server: ['protocol'],
  console: ['client', 'react', 'protocol'],
  testkit: ['protocol', 'client', 'server'],
}

/** The folders and files of `packages/server/src`; each may import what stands before it. */
export const serverOrder: readonly string[] = [
  'lib',
  'unsafe.ts',
  'model',
  'redis',
  'app',
  'engine',
  'store',
  'wire',
  'hub',
  'auth',
  'flows',
  'features',
  'features.ts',
  'http',
  'listen',
  'limit-docs.ts',
  'config.ts',
  'version.ts',
  'log.ts',
  'client-bundle.ts',
  'trust.ts',
  'chosen-features.ts',
  'backing.ts',
  'node-features.ts',
  'node-services.ts',
  'node.ts',
  'create-fanfare.ts',
  'server.ts',
  'index.ts',
  'cli',
  'main.ts',
]

/** Concrete things of the server, which only the composition names; everybody else knows their ports. */
export const concrete: readonly string[] = ['engine/embedded', 'engine/redis', 'listen']

const composition: readonly string[] = ['backing.ts', 'node.ts', 'create-fanfare.ts', 'server.ts']

export type SourceFile = { readonly path: string; readonly source: string }
type Import = { readonly from: string; readonly to: string; readonly specifier: string }

const serverSource = 'packages/server/src/'
const packageOf = (path: string): string | undefined => /^packages\/([^/]+)\//.exec(path)?.[1]
const exampleOf = (path: string): string | undefined => /^examples\/([^/]+)\//.exec(path)?.[1]
const within = (folder: string, path: string): boolean => path.startsWith(`${folder}/`)

/** What a file imports by path, as a path from the root; what it imports by name stays as it is. */
const resolve = (from: string, specifier: string): string =>
  specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), specifier)) : specifier

const ontoTests = ({ from, to, specifier }: Import): string | undefined =>
  packageOf(from) !== undefined && specifier.startsWith('.') && isForTests(to)
    ? `${from} imports ${specifier}: what ships cannot need what is for tests.`
    : undefined

const acrossPackages = ({ from, to, specifier }: Import): string | undefined => {
  const own = packageOf(from)
  const named = /^@fanfare\/([^/]+)/.exec(to)?.[1]
  if (own !== undefined && named !== undefined && named !== own && !packages[own]?.includes(named)) {
    return `${from} imports ${specifier}: packages/${own} may import ${packages[own]?.join(', ') || 'no other package'}.`
  }
  if (!specifier.startsWith('.')) return undefined
  const home = own === undefined ? exampleOf(from) && `examples/${exampleOf(from)}` : `packages/${own}`
  if (home === undefined || within(home, to)) return undefined
  return `${from} imports ${specifier}: it leaves ${home}; import a package by its name.`
}

const slotOf = (path: string): string => path.slice(serverSource.length).split('/')[0] ?? ''

const withinServer = ({ from, to, specifier }: Import): string | undefined => {
  if (!from.startsWith(serverSource) || !to.startsWith(serverSource)) return undefined
  const [source, target] = [slotOf(from), slotOf(to)]
  for (const slot of [source, target]) {
    if (!serverOrder.includes(slot))
      return `${serverSource}${slot} is not in the table of borders (scripts/borders.ts).`
  }
  if (source !== target && serverOrder.indexOf(target) > serverOrder.indexOf(source)) {
    return `${from} imports ${specifier}: ${target} comes after ${source}.`
  }
  const hidden = concrete.find(
    (folder) => within(`${serverSource}${folder}`, to) && !within(`${serverSource}${folder}`, from),
  )
  if (hidden !== undefined && !composition.includes(source)) {
    return `${from} imports ${specifier}: only ${composition.slice(0, -1).join(', ')} and ${composition.at(-1)} name ${hidden}; others use its port.`
  }
  return betweenFeatures({ from, to, specifier })
}

const betweenFeatures = ({ from, to, specifier }: Import): string | undefined => {
  const feature = (path: string) => new RegExp(`^${serverSource}features/([^/]+)/`).exec(path)?.[1]
  const [own, other] = [feature(from), feature(to)]
  if (own === undefined || other === undefined || own === other) return undefined
  return `${from} imports ${specifier}: a feature knows no other feature.`
}

/** Every broken border, as a sentence each. Tests may import anything, but no circle. */
export const findBroken = (files: readonly SourceFile[]): readonly string[] => {
  const known = new Set(files.map((file) => file.path))
  const imports = files.flatMap(({ path, source }) =>
    importsOf(source).map((specifier) => ({ from: path, to: resolve(path, specifier), specifier })),
  )
  const broken = imports
    .filter(({ from }) => !isForTests(from))
    .map((one) => ontoTests(one) ?? acrossPackages(one) ?? withinServer(one))
    .filter((problem) => problem !== undefined)
  const graph = new Map<string, string[]>(files.map((file) => [file.path, []]))
  for (const { from, to } of imports) if (known.has(to)) graph.get(from)?.push(to)
  const circles = cyclesIn(graph).map((way) => `A circle of imports: ${way.join(' → ')}`)
  return [...new Set([...broken, ...circles])]
}

if (import.meta.main) {
  const paths: string[] = filesIn(['packages', 'examples', 'bench', 'test', 'scripts'], (name: string) =>
    /\.(ts|tsx|mjs)$/.test(name),
  )
  const broken = findBroken(paths.map((path) => ({ path, source: readFileSync(path, 'utf8') })))
  for (const problem of broken) process.stdout.write(`${problem}\n`)
  process.stdout.write(`${paths.length} files, ${broken.length} broken borders\n`)
  process.exitCode = broken.length === 0 ? 0 : 1
}
