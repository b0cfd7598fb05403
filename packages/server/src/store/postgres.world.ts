/**
 * A real PostgreSQL for tests, in a folder and on a port of its own, killed, paused and brought back at will. Everything that
 * was started dies with the test process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'

export type PostgresOptions = {
  /** What was committed survives a power cut; a kill it survives without. @default 'off' */
  readonly fsync?: 'on' | 'off'
  /** As in postgresql.conf. */
  readonly settings?: { readonly [name: string]: string | number }
}

export type TestDatabase = {
  readonly name: string
  /** Of its owner, who is no superuser. */
  readonly url: string
  /** One statement, as a superuser: beside row-level security. */
  query(text: string, values?: readonly unknown[]): Promise<readonly { readonly [column: string]: unknown }[]>
}

export type PostgresServer = AsyncDisposable & {
  readonly host: string
  readonly port: number
  /** Of a superuser, to the database `postgres`. */
  readonly url: string
  /** Empty, and nobody else's. */
  database(): Promise<TestDatabase>
  /** SIGKILL to all of its processes; resolves when they are gone. */
  kill(): Promise<void>
  /** Ends its connections and stops in good order. */
  stop(): Promise<void>
  /** On the same port, with what was kept; kills it first if it still lives. Resolves when it answers. */
  restart(): Promise<void>
  /** SIGSTOP to all of its processes: it accepts, and says nothing. */
  pause(): void
  /** SIGCONT */
  resume(): void
}

const host = '127.0.0.1'
const superuser = 'postgres'
const startTries = 20

const folderOfPrograms = (): string => {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort().reverse() : []
  const folders = [
    ...versions.map((one) => `/usr/lib/postgresql/${one}/bin`),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
  if (found === undefined)
    throw new Error('There is no PostgreSQL here: no initdb in /usr/lib/postgresql or on the path.')
  return found
}

const isRoot = userInfo().uid === 0

/** PostgreSQL does not run as root; Debian's package has made a user for it. */
const asItself = (program: string, words: readonly string[]): readonly [string, readonly string[]] =>
  isRoot
    ? ['setpriv', [`--reuid=${superuser}`, `--regid=${superuser}`, '--clear-groups', program, ...words]]
    : [program, words]

/**
 * Ends the server and removes its folder once this process is gone, however it went. In the background of a shell that ends
 * at once, so that it is nobody's child and not ended with us.
 */
const guard = (dir: string): void => {
  const afterwards = 'kill -9 $(head -n 1 "$0/data/postmaster.pid"); sleep 1; rm -rf "$0"'
  const script = `(while kill -0 ${process.pid}; do sleep 0.5; done; ${afterwards}) &`
  spawn('sh', ['-c', script, dir], { stdio: 'ignore' }).unref()
}

const must = (program: string, words: readonly string[]): void => {
  const { status, stderr } = spawnSync(program, [...words], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  return address.port
}

const query = async (url: string, text: string, values: readonly unknown[] = []) => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

/** @example await using server = await startPostgres({ fsync: 'on' }) */
export const startPostgres = async ({
  fsync = 'off',
  settings = {},
}: PostgresOptions = {}): Promise<PostgresServer> => {
  const programs = folderOfPrograms()
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'fanfare-postgres-'))
  guard(dir)
  if (isRoot) must('chown', [superuser, dir])
  const data = join(dir, 'data')
  const words = [
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    superuser,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]
  must(...asItself(join(programs, 'initdb'), words))
  const url = (user: string, database: string) => `postgres://${user}@${host}:${port}/${database}`
  const all = {
    listen_addresses: host,
    port,
    unix_socket_directories: dir,
    fsync,
    synchronous_commit: 'on',
    shared_buffers: '64MB',
    max_connections: 60,
    log_min_messages: 'fatal',
    ...settings,
  }
  let child: ChildProcess | undefined

  const start = async (tries = startTries): Promise<void> => {
    const set = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const [program, given] = asItself(join(programs, 'postgres'), ['-D', data, ...set])
    const started = spawn(program, [...given], { stdio: 'ignore' })
    // A test that forgets it must not wait for it.
    started.unref()
    child = started
    if (await answers(url(superuser, 'postgres'), started)) return
    if (tries === 0) throw new Error(`postgres ended with ${started.exitCode}; is its port taken?`)
    // Processes that were killed with the one before may still hold its memory.
    await Bun.sleep(50)
    await start(tries - 1)
  }
  const end = async (how: 'kill' | 'stop'): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    if (how === 'kill') killAll(child.pid)
    else child.kill('SIGINT')
    await gone
  }
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT') => {
    if (child?.pid === undefined) return
    for (const pid of [child.pid, ...childrenOf(child.pid)]) signalOf(pid, signal)
  }
  await start()
  await query(url(superuser, 'postgres'), 'CREATE ROLE application LOGIN NOSUPERUSER NOBYPASSRLS')
  let databases = 0
  return {
    host,
    port,
    url: url(superuser, 'postgres'),
    async database() {
      const name = `test_${++databases}`
      await query(url(superuser, 'postgres'), `CREATE DATABASE ${name} OWNER application`)
      return {
        name,
        url: url('application', name),
        query: (text, values) => query(url(superuser, name), text, values),
      }
    },
    kill: () => end('kill'),
    stop: () => end('stop'),
    async restart() {
      await end('kill')
      await start()
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end('kill')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const childrenOf = (pid: number): readonly number[] =>
  spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number)

const signalOf = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}

/** The first of them is stopped meanwhile, so that it neither sees the others go nor starts new ones. */
const killAll = (pid: number): void => {
  signalOf(pid, 'SIGSTOP')
  for (const one of [...childrenOf(pid), pid]) signalOf(one, 'SIGKILL')
}

/** False: it ended instead. */
const answers = async (url: string, child: ChildProcess): Promise<boolean> => {
  const deadline = Date.now() + 20_000
  for (;;) {
    if (child.exitCode !== null) return false
    try {
      await query(url, 'SELECT 1')
      return true
    } catch (error) {
      if (Date.now() > deadline) throw error
      await Bun.sleep(20)
    }
  }
}

let shared: Promise<PostgresServer> | undefined

/** One for all tests of this process: for those that neither kill nor pause it. */
export const sharedPostgres = (): Promise<PostgresServer> => {
  shared ??= startPostgres()
  return shared
}
