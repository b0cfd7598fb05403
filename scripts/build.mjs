// npm run build: each package that is published, as JavaScript and declarations, in its dist folder, ready for npm publish.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { capture, root } from './lib/run.mjs'
import { fail, progress, say } from './lib/say.mjs'

/** In the order in which they need each other's declarations. */
const order = ['protocol', 'client', 'backend', 'server', 'testkit']

const manifestOf = (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))

/** The compiler reads other packages as they will be published, so that nothing of theirs is compiled into this one. */
const compilerOptions = (name) => ({
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    rootDir: join(root, 'packages', name),
    outDir: join(root, 'packages', name, 'dist'),
    paths: Object.fromEntries(
      order.map((other) => [`@fanfare/${other}`, [join(root, 'packages', other, 'dist/src/index.d.ts')]]),
    ),
  },
  include: [join(root, 'packages', name, 'src')],
  exclude: [join(root, 'packages', name, 'src/**/*.*.ts')],
})

const built = (path) => path.replace(/\.tsx?$/, '.js')

const entry = (path) =>
  /\.tsx?$/.test(path) ? { types: path.replace(/\.tsx?$/, '.d.ts'), default: built(path) } : path

/** The manifest as it is published: it points to what was built. */
const published = ({ exports, bin, files: _, ...manifest }) => ({
  ...manifest,
  exports: Object.fromEntries(Object.entries(exports).map(([name, path]) => [name, entry(path)])),
  ...(bin === undefined
    ? {}
    : { bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, built(path)])) }),
})

const compile = async (name) => {
  const folder = join(root, 'packages', name)
  const project = join(folder, 'dist', 'tsconfig.json')
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  mkdirSync(join(folder, 'dist'))
  writeFileSync(project, JSON.stringify(compilerOptions(name)))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { code, output } = await capture(process.execPath, [compiler, '--project', project])
  rmSync(project)
  return { ok: code === 0, output }
}

const finish = (name) => {
  const folder = join(root, 'packages', name)
  const dist = join(folder, 'dist')
  for (const extra of ['bin', 'vectors', 'README.md', 'PROTOCOL.md']) {
    if (existsSync(join(folder, extra))) cpSync(join(folder, extra), join(dist, extra), { recursive: true })
  }
  // What is read at run time beside the code: styles, pictures, later scripts in languages of their own.
  cpSync(join(folder, 'src'), join(dist, 'src'), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !/\.tsx?$/.test(path),
  })
  cpSync(join(root, 'LICENSE'), join(dist, 'LICENSE'))
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published(manifestOf(name)), null, 2)}\n`)
}

/** The client as one file, for pages without a build step; the server gives it out. */
const bundleClient = (bun) =>
  capture(bun, [
    'build',
    'packages/client/src/index.ts',
    '--format=esm',
    '--target=browser',
    '--minify',
    '--outfile=packages/client/dist/src/fanfare.js',
  ]).then(({ code, output }) => ({ ok: code === 0, output }))

const step = async (name, run) => {
  const shown = progress(name)
  const { ok, output } = await run()
  shown.end(ok)
  if (ok) return
  say(output.trim())
  fail('The build stopped here.')
}

const bun = await ensure()
for (const name of order) {
  await step(`@fanfare/${name}`, async () => {
    const result = await compile(name)
    if (result.ok) finish(name)
    return result
  })
}
await step('the client as one file', () => bundleClient(bun))
