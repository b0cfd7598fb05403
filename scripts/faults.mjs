// npm run test:faults: the long tests that kill, stall and flood a server. Arguments name files; none means all.
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { filesIn, isBunTest } from './lib/files.mjs'
import { fail } from './lib/say.mjs'
import { bunTests, countsLine } from './lib/suites.mjs'

const bun = await ensure()
const asked = process.argv.slice(2)
const files = filesIn(['test/faults'], isBunTest).filter(
  (file) => asked.length === 0 || asked.some((word) => file.includes(word)),
)
if (files.length === 0) fail('No test of faults has such a name. They are in test/faults.')

const counts = await bunTests(bun, files, { timeoutMs: 900_000 })
process.stdout.write(`${countsLine(counts)}\n`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
