/** The shipped configurations of nginx and HAProxy, with the addresses of a test, run by the real programs. Needs them installed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type ReverseProxy = AsyncDisposable & { readonly url: string }

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
const program = (name: string): string | undefined =>
  folders.map((folder) => join(folder, name)).find((path) => existsSync(path))

const shipped = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8')

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

type Nodes = readonly [one: number, other: number]
type Place = { readonly port: number; readonly folder: string; readonly nodes: Nodes }

/** @throws Error when the shipped file has no such text any more */
const change = (text: string, changes: readonly (readonly [from: string, to: string])[]): string =>
  changes.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`The shipped configuration has no ${from}`)
    return changed.replace(from, () => to)
  }, text)

const nodesOf = ([one, other]: Nodes) =>
  [
    ['node1:8080', `127.0.0.1:${one}`],
    ['node2:8080', `127.0.0.1:${other}`],
  ] as const

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const kinds = {
  nginx: {
    file: 'nginx.conf',
    adapt: (text: string, { port, folder, nodes }: Place) =>
      change(text, [
        ...nodesOf(nodes),
        ['listen 8080', `listen 127.0.0.1:${port}`],
        ['/dev/stdout', `${folder}/access.log`],
        ['/dev/stderr', `${folder}/error.log`],
        ['worker_rlimit_nofile 200000;', `daemon off; pid ${folder}/pid;`],
        ['worker_connections 65535', 'worker_connections 2000'],
        ['http {', `http { ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}`],
      ]),
    check: (file: string) => ['-t', '-q', '-c', file],
    run: (file: string) => ['-c', file],
  },
  haproxy: {
    file: 'haproxy.cfg',
    adapt: (text: string, { port, nodes }: Place) =>
      change(text, [...nodesOf(nodes), ['bind :8080', `bind 127.0.0.1:${port}`], ['maxconn 100000', 'maxconn 2000']]),
    check: (file: string) => ['-c', '-q', '-f', file],
    run: (file: string) => ['-db', '-q', '-f', file],
  },
} as const

export type Kind = keyof typeof kinds

/** Why it cannot be run here; undefined when it can. */
export const missing = (kind: Kind): string | undefined =>
  program(kind) === undefined ? `${kind} is not installed (npm test installs it on Debian)` : undefined

/** In front of two nodes; resolves when it answers. @throws Error with what the program says of its configuration */
export const startReverseProxy = async (kind: Kind, nodes: Nodes): Promise<ReverseProxy> => {
  const { file, adapt, check, run } = kinds[kind]
  const folder = mkdtempSync(join(tmpdir(), `fanfare-${kind}-`))
  const port = await freePort()
  const path = join(folder, file)
  writeFileSync(path, adapt(shipped(file), { port, folder, nodes }))
  const binary = program(kind) ?? kind
  const checked = await ended(spawn(binary, check(path), { stdio: ['ignore', 'ignore', 'pipe'] }))
  if (checked.code !== 0) throw new Error(`${kind} refuses deploy/${file}:\n${checked.said}`)
  const child = spawn(binary, run(path), { stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = ended(child)
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + 10_000
  while (!(await answers(url))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      child.kill('SIGKILL')
      throw new Error(`${kind} does not answer at ${url}:\n${(await gone).said}`)
    }
    await Bun.sleep(50)
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/ready`)).ok
  } catch {
    return false
  }
}

const ended = (child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> =>
  new Promise((resolve) => {
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.once('close', (code) => resolve({ code, said }))
  })
