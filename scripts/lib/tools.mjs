// Where the programs are that tests drive: a Chromium, a Python with `websockets`, servers. Owns only the search.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** `CHROMIUM_PATH` where it is set, else the first of the names that browsers go by. */
export const chromiumPath = () =>
  process.env.CHROMIUM_PATH ||
  ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find(Boolean)

/** Where services are that tests start, which may not be on the path of an ordinary user. */
const systemProgram = (name) =>
  onPath(name) ?? ['/usr/sbin', '/usr/local/sbin'].map((folder) => join(folder, name)).find((path) => existsSync(path))

const debianPostgres = '/usr/lib/postgresql'

/** Debian keeps the programs of each version in a folder of its own, off the path. */
const postgresFolders = () =>
  existsSync(debianPostgres) ? readdirSync(debianPostgres).map((version) => join(debianPostgres, version, 'bin')) : []

const hasPostgres = () =>
  onPath('initdb') !== undefined || postgresFolders().some((folder) => existsSync(join(folder, 'initdb')))

const speaks = (python) => spawnSync(python, ['-c', 'import websockets'], { stdio: 'ignore' }).status === 0

/** `PYTHON_PATH` where it is set, else the first Python 3 that can import `websockets`. */
export const pythonPath = () =>
  process.env.PYTHON_PATH ||
  ['/usr/bin/python3', onPath('python3')].find((path) => path !== undefined && existsSync(path) && speaks(path))

/** What tests drive or start by themselves, by the names of Debian's packages, and whether something here serves. */
export const provided = {
  chromium: () => chromiumPath() !== undefined,
  // A page without a font has no text to measure; elsewhere than on Debian a browser comes with its fonts.
  'fonts-dejavu-core': () => !existsSync('/etc/debian_version'),
  'python3-websockets': () => pythonPath() !== undefined,
  // On free ports: no service need run. Valkey under the name of Redis serves too.
  'redis-server': () => systemProgram('redis-server') !== undefined,
  // As its own user, in a folder of the test's; the service need not run.
  postgresql: hasPostgres,
  nginx: () => systemProgram('nginx') !== undefined,
  haproxy: () => systemProgram('haproxy') !== undefined,
}

export const isProvided = (name) => provided[name]()
