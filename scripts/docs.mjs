// npm run docs: writes the pages of docs/ that are made from the source.
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { become } from './lib/run.mjs'

const bun = await ensure()
become(bun, ['scripts/configuration.ts', ...process.argv.slice(2)])
