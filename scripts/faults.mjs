// npm run test:faults: the long programs that kill, stall and flood a server. Arguments name files; none means all.
// Each prints one line of JSON a case, {id, pass, metric, value, limit}; one that fails, or says nothing, fails the run.
import process from 'node:process'
import { ensure, ensureSystem } from './lib/ensure.mjs'
import { filesIn } from './lib/files.mjs'
import { capture } from './lib/run.mjs'
import { fail, say, since } from './lib/say.mjs'
import { countsLine, noCounts } from './lib/suites.mjs'
import { isProvided } from './lib/tools.mjs'

const bun = await ensure()
await ensureSystem(['redis-server', 'postgresql'], isProvided)
const asked = process.argv.slice(2)
const files = filesIn(['test/faults'], (name) => name.endsWith('.ts')).filter(
  (file) => asked.length === 0 || asked.some((word) => file.includes(word)),
)
if (files.length === 0) fail('No test of faults has such a name. They are in test/faults.')

/** The verdicts among what a program printed. */
const verdictsOf = (output) =>
  output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"id":')) return []
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })

const counts = { ...noCounts }
for (const file of files) {
  const began = performance.now()
  say(`\n── ${file}`)
  const { code, output } = await capture(bun, [file], { onOutput: (text) => process.stdout.write(text) })
  const verdicts = verdictsOf(output)
  const failed = verdicts.filter(({ pass }) => pass !== true).length
  counts.passed += verdicts.length - failed
  counts.failed += failed === 0 && (code !== 0 || verdicts.length === 0) ? 1 : failed
  say(`${file}: ended with ${code} (${since(began)})`)
}
process.stdout.write(`${countsLine(counts)}\n`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
