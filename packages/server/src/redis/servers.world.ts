/**
 * Real Redis servers for tests: each in a folder and on a port of its own, killed, paused, emptied and brought back at will.
 * Everything that was started dies with the test process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

export type Restart = {
  /** Without anything that it kept. @default false */
  readonly empty?: boolean
}

export type ServerOptions = {
  /** @default a free one */
  readonly port?: number
  /** As in redis.conf: `['appendonly', 'yes']`. */
  readonly directives?: readonly (readonly string[])[]
  /** What a Sentinel needs: a file that it may write to. Stands before the directives. */
  readonly sentinel?: boolean
}

export type RedisServer = AsyncDisposable & {
  readonly host: string
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** One command on a connection of its own. */
  call(command: string, ...args: readonly (string | number)[]): Promise<unknown>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>
  /** On the same port, in the same folder; kills it first if it still lives. Resolves when it answers. */
  restart(how?: Restart): Promise<void>
  /** SIGSTOP: it accepts, and says nothing. */
  pause(): void
  /** SIGCONT */
  resume(): void
}

const host = '127.0.0.1'
/** Keeps what was acknowledged through a kill. */
export const kept: readonly (readonly string[])[] = [
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
]

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  return address.port
}

/** Waits until it holds; what it throws meanwhile is no more than a no. */
export const eventually = async (what: string, holds: () => Promise<boolean>, withinMs = 20_000): Promise<void> => {
  const deadline = Date.now() + withinMs
  for (;;) {
    if (await holds().catch(() => false)) return
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await Bun.sleep(25)
  }
}

/** One command on a connection of its own. */
export const callRedis = async (
  port: number,
  command: string,
  ...args: readonly (string | number)[]
): Promise<unknown> => {
  const redis = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: null,
    commandTimeout: 10_000,
    enableReadyCheck: false,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return await redis.call(command, ...args)
  } finally {
    redis.disconnect()
  }
}

const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** What a server says first to whom it does not know: `+PONG`, `-NOAUTH`, `-LOADING`, or nothing. */
const firstWord = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'))
    const end = (said: string) => {
      socket.destroy()
      resolve(said)
    }
    socket.once('data', (bytes) => end(String(bytes).split(/\s/)[0] ?? ''))
    socket.once('error', () => end(''))
    socket.once('close', () => end(''))
  })

const answers = async (port: number, child: ChildProcess): Promise<void> => {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}; is its port taken?`)
    const said = await firstWord(port)
    if (said === '+PONG' || said === '-NOAUTH') return
    await Bun.sleep(10)
  }
  throw new Error(`redis-server on port ${port} did not answer within 10 s`)
}

const configurationOf = (port: number, dir: string, { directives = [] }: ServerOptions): string =>
  [['bind', host], ['port', String(port)], ['dir', dir], ['save', ''], ['daemonize', 'no'], ...directives]
    .map(([name, ...values]) => [name, ...values.map((value) => (value === '' ? '""' : value))].join(' '))
    .join('\n')

/** @example await using server = await startRedis({ directives: kept }) */
export const startRedis = async (options: ServerOptions = {}): Promise<RedisServer> => {
  const port = options.port ?? (await freePort())
  let dir = mkdtempSync(join(tmpdir(), 'fanfare-redis-'))
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const file = join(dir, 'redis.conf')
    if (!(await Bun.file(file).exists())) await Bun.write(file, configurationOf(port, dir, options))
    const started = spawn('redis-server', [file, ...(options.sentinel === true ? ['--sentinel'] : [])], {
      stdio: 'ignore',
    })
    living.add(started)
    started.once('exit', () => living.delete(started))
    child = started
    await answers(port, started)
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await gone
  }
  await start()
  return {
    host,
    port,
    url: `redis://${host}:${port}`,
    call: (command, ...args) => callRedis(port, command, ...args),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async restart({ empty = false } = {}) {
      await end('SIGKILL')
      if (empty) {
        rmSync(dir, { recursive: true, force: true })
        dir = mkdtempSync(join(tmpdir(), 'fanfare-redis-'))
      }
      await start()
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
