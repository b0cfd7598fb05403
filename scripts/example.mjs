// npm run example -- NAME: a server with one of the examples, on PORT where that is set. An example with a server of its
// own runs on Node; of the others `fanfare start` runs the application, and takes the further arguments.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ensure, ensureNode } from './lib/ensure.mjs'
import { become, root } from './lib/run.mjs'
import { fail } from './lib/say.mjs'

const folder = join(root, 'examples')
const has = (name, file) => existsSync(join(folder, name, file))
const runnable = readdirSync(folder).filter((name) => has(name, 'server.ts') || has(name, 'app.ts'))
const [name, ...others] = process.argv.slice(2)
if (name === undefined || !runnable.includes(name)) {
  const asked = name === undefined ? 'Name an example' : `There is no example ${name}`
  fail(`${asked}: npm run example -- ${runnable.join(' | ')}`)
}

/** What an application asks of a node besides running it, for those who do not say otherwise. */
const startWords = () => {
  const settings = `examples/${name}/fanfare.json`
  const configured = existsSync(join(root, settings)) && !others.includes('--config') ? ['--config', settings] : []
  return ['packages/server/src/main.ts', 'start', `examples/${name}/app.ts`, ...configured, ...others]
}

const bun = await ensure()
if (has(name, 'server.ts')) {
  become(ensureNode(), [`examples/${name}/server.ts`, ...others])
} else {
  const { PORT, ...environment } = process.env
  const port = PORT && !environment.FANFARE_PORT ? { FANFARE_PORT: PORT } : {}
  become(bun, startWords(), { ...environment, ...port })
}
