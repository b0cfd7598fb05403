// Installs what is missing: npm packages, Bun's binary, system packages. Owns nothing that runs afterwards.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { capture, root } from './run.mjs'
import { fail, progress, say } from './say.mjs'

const modules = join(root, 'node_modules')
const marker = join(modules, '.fanfare-lock')

/** The environment without this repository's own programs on the path: `npm ci` removes them while it runs. */
const outside = () => ({
  ...process.env,
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(modules))
    .join(delimiter),
})

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

/** Whether what npm says it installed is what the lock asks for: somebody who ran `npm install` need not wait again. */
const asLocked = () => {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const there = JSON.parse(readFileSync(record, 'utf8')).packages
  const asked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(asked).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/') || wanted.optional) return true
    return there[path] !== undefined && there[path].version === wanted.version
  })
}

const installed = (hash) => {
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return true
  if (!asLocked()) return false
  writeFileSync(marker, hash)
  return true
}

/** Packages exactly as the lock names them; does nothing when they are there. */
export const ensurePackages = async () => {
  const hash = lockHash()
  if (installed(hash)) return
  const step = progress('installing packages (npm ci)')
  const { code, output } = await capture('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: outside(),
  })
  step.end(code === 0)
  if (code !== 0) {
    say(output.trim())
    fail(
      'npm could not install the packages. Is the registry reachable, and package-lock.json as committed? Then run it again.',
    )
  }
  writeFileSync(marker, hash)
}

const works = (binary) => spawnSync(binary, ['--version'], { stdio: 'ignore' }).status === 0

const bunCandidates = () => {
  const vendor = join(modules, '@oven')
  const folders = existsSync(vendor) ? readdirSync(vendor) : []
  return [
    join(modules, '.bin', 'bun'),
    ...folders.flatMap((folder) => ['bun', 'bun.exe'].map((name) => join(vendor, folder, 'bin', name))),
  ].filter((path) => existsSync(path))
}

/** The path of a Bun that runs; npm may have skipped the script that puts it in place, so that is made up for. */
export const ensureBun = async () => {
  const ready = bunCandidates().find(works)
  if (ready !== undefined) return ready
  const step = progress('putting Bun in place')
  const { output } = await capture(process.execPath, [join(modules, 'bun', 'install.js')])
  const binary = bunCandidates().find(works)
  step.end(binary !== undefined)
  if (binary !== undefined) return binary
  say(output.trim())
  return fail('Bun, which npm installs with the packages, does not run here. Remove node_modules and run it again.')
}

/** The Node that tests run on: the one of the packages, or this one where that does not run. */
export const ensureNode = () => {
  const own = join(modules, '.bin', 'node')
  return existsSync(own) && works(own) ? own : process.execPath
}

const hasPackage = (name) => {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', `-f=\${db:Status-Status}`, name], { encoding: 'utf8' })
  return status === 0 && stdout === 'installed'
}

const isDebian = () =>
  existsSync('/etc/debian_version') && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0

/**
 * System packages, by their Debian names. Installs them where that is possible without asking; elsewhere says what is missing.
 * `provided(name)` tells that something else serves, such as a Chromium from somewhere else.
 */
export const ensureSystem = async (names, provided = () => false) => {
  const debian = isDebian()
  const missing = names.filter((name) => !(debian && hasPackage(name)) && !provided(name))
  if (missing.length === 0) return
  if (!debian || process.getuid?.() !== 0) {
    const how = debian ? `sudo apt-get install ${missing.join(' ')}` : 'use your system’s package manager'
    fail(`The tests need ${missing.join(' and ')} (Debian’s names). Install: ${how}. Then run it again.`)
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const step = progress(`installing ${missing.join(', ')} (apt-get)`)
  await capture('apt-get', ['update', '-qq'], { env })
  const { code, output } = await capture('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
  })
  step.end(code === 0)
  if (code === 0) return
  say(output.trim())
  fail(`apt-get could not install ${missing.join(' and ')}. Install it by hand and run it again.`)
}

/** Packages and Bun: what every command of this repository needs. Returns the path of Bun. */
export const ensure = async () => {
  await ensurePackages()
  return ensureBun()
}
