// npm run example -- NAME: a server with one of the examples, on PORT where that is set. Further arguments go to `fanfare start`.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ensure } from './lib/ensure.mjs'
import { become, root } from './lib/run.mjs'
import { fail } from './lib/say.mjs'

const folder = join(root, 'examples')
const runnable = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'app.ts')))
const [name, ...others] = process.argv.slice(2)
if (name === undefined || !runnable.includes(name)) {
  const asked = name === undefined ? 'Name an example' : `There is no example ${name}`
  fail(`${asked}: npm run example -- ${runnable.join(' | ')}`)
}

// What the example asks of a node besides its application, for those who do not say otherwise.
const settings = `examples/${name}/fanfare.json`
const configured = existsSync(join(root, settings)) && !others.includes('--config') ? ['--config', settings] : []
const { PORT, ...environment } = process.env
const port = PORT && !environment.FANFARE_PORT ? { FANFARE_PORT: PORT } : {}

const bun = await ensure()
become(bun, ['packages/server/src/main.ts', 'start', `examples/${name}/app.ts`, ...configured, ...others], {
  ...environment,
  ...port,
})
