// npm run check: what a change must pass before anybody looks at it. Format, lint, types, borders, words, unit tests
// (but for those that start servers of others, which `npm test` runs).
import { join } from 'node:path'
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { filesIn, isBunTest, isServersTest } from './lib/files.mjs'
import { capture, root } from './lib/run.mjs'
import { green, progress, red, say, since } from './lib/say.mjs'
import { bunTests, countsLine, failuresOf } from './lib/suites.mjs'

const start = performance.now()
const bun = await ensure()

const program =
  (path, ...args) =>
  async () => {
    const { code, output } = await capture(process.execPath, [join(root, 'node_modules', path), ...args])
    return { ok: code === 0, output }
  }

const script = (path) => async () => {
  const { code, output } = await capture(bun, [path])
  return { ok: code === 0, output, note: code === 0 ? output.trim().split('\n').at(-1) : '' }
}

const unitTests = async () => {
  const files = filesIn(['packages', 'examples', 'scripts', 'bench'], (name) => isBunTest(name) && !isServersTest(name))
  const counts = await bunTests(bun, files, { timeoutMs: 20_000, quiet: true, together: 2 })
  return { ok: counts.failed === 0 && counts.passed > 0, output: failuresOf(counts.output), note: countsLine(counts) }
}

const steps = [
  ['format and lint', program('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--max-diagnostics=50')],
  ['types', program('typescript/bin/tsc', '--noEmit')],
  ['borders', script('scripts/borders.ts')],
  ['words', script('scripts/words.ts')],
  ['unit tests', unitTests],
]

const failed = []
for (const [name, run] of steps) {
  const step = progress(name)
  const { ok, output, note = '' } = await run()
  step.end(ok, note)
  if (ok) continue
  failed.push(name)
  say(output.trim())
}

if (failed.length > 0) say(red(`\nFailed: ${failed.join(', ')} (${since(start)})`))
else say(green(`\nAll ${steps.length} checks passed (${since(start)})`))
process.exitCode = failed.length === 0 ? 0 : 1
