// npm run bench: measures this machine and prints a table. Arguments name the measurements to run; none means all.
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { become } from './lib/run.mjs'

const bun = await ensure()
become(bun, ['bench/main.ts', ...process.argv.slice(2)])
