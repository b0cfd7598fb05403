// npm start: installs what is missing and runs a server with the ward example. Further arguments go to `fanfare start`.
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { become } from './lib/run.mjs'

const bun = await ensure()
become(bun, ['packages/server/src/main.ts', 'start', 'examples/ward/app.ts', ...process.argv.slice(2)])
