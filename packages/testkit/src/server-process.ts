/** A server in a process of its own, so that a test can kill it as a power cut would and start it again where it was. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Actor } from './actor.ts'
import { homeTenant } from './world.ts'

export type ServerProcessOptions = {
  /** The application file, absolute. */
  readonly app: string
  readonly environment?: { readonly [name: string]: string }
  /** @default a folder that is deleted at the end */
  readonly dataFolder?: string
  /** Signs the tokens; the same for nodes that are one server. @default one of its own */
  readonly secret?: string
  /** Further words for `fanfare start`, such as `--workers`. */
  readonly words?: readonly string[]
}

const main = fileURLToPath(import.meta.resolve('@fanfare/server/main'))

export class ServerProcess implements AsyncDisposable {
  readonly port: number
  readonly dataFolder: string
  readonly #options: ServerProcessOptions
  readonly #secret: string
  #child: ChildProcess | undefined
  #output = ''

  constructor(options: ServerProcessOptions, place: { readonly port: number; readonly dataFolder: string }) {
    this.#options = options
    this.#secret = options.secret ?? randomBytes(48).toString('base64url')
    this.port = place.port
    this.dataFolder = place.dataFolder
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What the process wrote, both streams, for messages of tests that fail. */
  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get isRunning(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Where WebSockets open. */
  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/websocket`
  }

  /** A user's token, good for an hour, and for the process that comes after a kill too. */
  token(userId: string, tenantId: string = homeTenant): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ tenant: tenantId, sub: userId, iat: now, exp: now + 3_600 })}`
    return `${signed}.${createHmac('sha256', this.#secret).update(signed).digest('base64url')}`
  }

  /** Somebody who is connected and has been greeted. */
  async person(userId: string): Promise<Actor> {
    const headers = { Authorization: `Bearer ${this.token(userId)}` }
    const actor = new Actor({ name: userId, url: this.socketUrl, protocols: ['fanfare.v1'], headers })
    await actor.opened()
    await actor.sees('connected')
    return actor
  }

  /** Resident memory in bytes. Linux only. */
  async resident(): Promise<number> {
    const status = await readFile(`/proc/${this.#child?.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
  }

  /** Resolves when it answers that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, 'start', this.#options.app, ...(this.#options.words ?? [])], {
      env: {
        ...process.env,
        // A Redis or a database of whoever runs the tests is not theirs to fill.
        REDIS_URL: '',
        DATABASE_URL: '',
        FANFARE_PORT: String(this.port),
        FANFARE_DATA_FOLDER: this.dataFolder,
        FANFARE_SECRET: this.#secret,
        ...this.#options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-1_000_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const deadline = Date.now() + 20_000
    while (!(await this.#isReady())) {
      if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}:\n${this.#output}`)
      if (Date.now() > deadline) throw new Error(`The server was not ready in 20 s:\n${this.#output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/ready`)).ok
    } catch {
      return false
    }
  }

  /** kill -9. Resolves when the process is gone. */
  kill(): Promise<number | null> {
    return this.#end('SIGKILL')
  }

  /** SIGHUP. */
  hangUp(): void {
    this.#child?.kill('SIGHUP')
  }

  /** SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child?.exitCode ?? null)
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code))
      child.kill(signal)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    if (!this.#options.dataFolder) await rm(this.dataFolder, { recursive: true, force: true })
  }
}

/** Started and ready, on a port that was free. */
export const startServerProcess = async (options: ServerProcessOptions): Promise<ServerProcess> => {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'fanfare-')))
  const server = new ServerProcess(options, { port: await freePort(), dataFolder })
  await server.start()
  return server
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
