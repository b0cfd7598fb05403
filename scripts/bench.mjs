// npm run bench: measures this machine and prints a table. Arguments name the measurements to run; none means all.
import process from 'node:process'
import { ensure, ensureSystem } from './lib/ensure.mjs'
import { become } from './lib/run.mjs'
import { isProvided } from './lib/tools.mjs'

const bun = await ensure()
const named = process.argv.slice(2).filter((word) => !word.startsWith('-'))
if (named.length === 0 || named.includes('redis')) await ensureSystem(['redis-server'], isProvided)
become(bun, ['bench/main.ts', ...process.argv.slice(2)])
