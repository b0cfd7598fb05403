// npm test: everything that proves the repository, from a fresh clone. Its last line says how many passed and failed.
import { join } from 'node:path'
import process from 'node:process'
import { ensure, ensureNode, ensureSystem } from './lib/ensure.mjs'
import { filesIn, isBunTest, isNodeTest, isServersTest } from './lib/files.mjs'
import { capture, root } from './lib/run.mjs'
import { progress, say, since } from './lib/say.mjs'
import { add, bunTests, countsLine, failuresOf, noCounts, nodeTests } from './lib/suites.mjs'
import { chromiumPath, isProvided, provided, pythonPath } from './lib/tools.mjs'

const start = performance.now()
const bun = await ensure()
await ensureSystem(Object.keys(provided), isProvided)
const env = { CHROMIUM_PATH: chromiumPath() ?? '', PYTHON_PATH: pythonPath() ?? '' }

const typeTests = async () => {
  const step = progress('types, and the type tests among them')
  const { code, output } = await capture(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit'])
  step.end(code === 0)
  if (code !== 0) say(output.trim())
  return { ...noCounts, output, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
}

const all = filesIn(['packages', 'examples', 'scripts', 'bench'], isBunTest)
const unit = all.filter((name) => !isServersTest(name))
const withServers = all.filter(isServersTest)
const journeys = filesIn(['test/journeys', 'test/regressions'], isBunTest)
const onNode = filesIn(['packages', 'examples', 'test/journeys', 'test/regressions'], isNodeTest)

const parts = [
  ['types', typeTests],
  ['unit and contract tests', () => bunTests(bun, unit, { timeoutMs: 60_000, together: 2, env })],
  ['tests that start servers', () => bunTests(bun, withServers, { timeoutMs: 60_000, together: 2, env })],
  ['journeys and regressions', () => bunTests(bun, journeys, { timeoutMs: 60_000, together: 2, env })],
  ['tests on Node', () => nodeTests(ensureNode(), onNode, { env })],
]

let total = noCounts
const summary = []
const failures = []
for (const [name, run] of parts) {
  const began = performance.now()
  say(`\n── ${name}`)
  const { output = '', ...counts } = await run()
  summary.push(`${name}: ${countsLine(counts)} (${since(began)})`)
  if (counts.failed > 0) failures.push(`\n── failed: ${name}`, failuresOf(output))
  total = add(total, counts)
}

// Once more at the end, because whoever keeps only the end of a long output must still see what failed.
if (failures.length > 0) say(failures.join('\n'))
say(`\n${summary.join('\n')}\nin ${since(start)}\n`)
const ran = unit.length > 0 && total.passed > 1
if (!ran) say('No test ran, which is a failure.')
process.stdout.write(`${countsLine(total)}\n`)
process.exitCode = ran && total.failed === 0 ? 0 : 1
