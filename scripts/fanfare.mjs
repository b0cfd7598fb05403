// npm run -s fanfare -- …: the fanfare command from the source.
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { become } from './lib/run.mjs'

const bun = await ensure()
become(bun, ['packages/server/src/main.ts', ...process.argv.slice(2)])
