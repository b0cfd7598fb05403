/** A whole server in a test, in this process or in one of its own that can be killed, with actors that talk to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, FanfareError, type Json } from '@fanfare/protocol'
import {
  type App,
  type Clock,
  type Config,
  configWith,
  type MintClaims,
  type RunningServer,
  silentLog,
  startServer,
} from '@fanfare/server'
import { Actor } from './actor.ts'

export type WorldOptions = {
  readonly app: App
  /**
   * Settings that differ from the defaults. Port 0 and a folder of the world's own unless given. Worlds with the same
   * `redisUrl` are nodes of one server, and in development take each other's tokens; with a `databaseUrl` too they share their
   * store. Nothing is taken from the environment of whoever runs the test.
   */
  readonly config?: Parameters<typeof configWith>[0]
  readonly clock?: Clock
}

export type PersonOptions = Partial<Omit<MintClaims, 'userId'>> & {
  /** The path of an endpoint. @default /v1/websocket */
  readonly path?: string
  /** Opened, but without a token: for tests of the first frame. */
  readonly anonymous?: true
}

export type CommandOptions = Omit<PersonOptions, 'path' | 'anonymous'> & {
  /** Repeated, it gives the first answer. */
  readonly key?: string
}

export type ServerRequest = RequestInit & {
  /** Of the API key: `['publish', 'read:patient:*']`. */
  readonly scopes: readonly string[]
  readonly tenantId?: string
  /** Sent as a JSON body, by POST unless the method is given. */
  readonly json?: Json
}

/** The tenant of whoever is not said to be elsewhere. */
export const homeTenant = 'acme'

export class World implements AsyncDisposable {
  readonly #options: WorldOptions
  readonly #folder: string
  readonly #actors = new Set<Actor>()
  #server: RunningServer

  constructor(options: WorldOptions, parts: { readonly folder: string; readonly server: RunningServer }) {
    this.#options = options
    this.#folder = parts.folder
    this.#server = parts.server
  }

  get server(): RunningServer {
    return this.#server
  }

  get url(): string {
    return this.#server.url
  }

  token(userId: string, claims: PersonOptions = {}): Promise<string> {
    const { path: _, anonymous: __, ...given } = claims
    return this.#server.mint({ tenantId: homeTenant, ...given, userId })
  }

  /** Somebody who is connected and has been greeted. */
  async person(userId: string, options: PersonOptions = {}): Promise<Actor> {
    const token = await this.token(userId, options)
    const actor = await this.open(userId, { ...options, token })
    await actor.sees('connected')
    return actor
  }

  /** A link that is open and may have shown a token. */
  async open(name: string, options: { readonly path?: string; readonly token?: string } = {}): Promise<Actor> {
    const url = new URL(options.path ?? '/v1/websocket', this.url.replace(/^http/, 'ws'))
    const headers = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }
    const actor = new Actor({ name, url: url.href, protocols: ['fanfare.v1'], headers })
    this.#actors.add(actor)
    return actor.opened()
  }

  /** An HTTP request with somebody's token. */
  async asks(
    path: string,
    init: RequestInit & { readonly as?: string; readonly claims?: PersonOptions } = {},
  ): Promise<Response> {
    const { as, claims, ...rest } = init
    const headers = new Headers(rest.headers)
    if (as !== undefined) headers.set('Authorization', `Bearer ${await this.token(as, claims)}`)
    return fetch(new URL(path, this.url), { ...rest, headers })
  }

  /** Runs a command as somebody who is not connected, over HTTP. @throws FanfareError what it is refused with */
  async command<Answer = Json>(
    userId: string,
    name: string,
    input: Json,
    options: CommandOptions = {},
  ): Promise<Answer> {
    const { key, ...claims } = options
    const response = await this.asks(`/v1/commands/${encodeURIComponent(name)}`, {
      as: userId,
      claims,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Idempotency-Key': key }) },
      body: JSON.stringify({ input }),
    })
    const body: unknown = await response.json()
    if (response.ok) return body as Answer
    throw refusalOf(body)
  }

  /** An HTTP request of a tenant's server, with an API key of these scopes. */
  async serverAsks(path: string, { scopes, tenantId = homeTenant, json, ...init }: ServerRequest): Promise<Response> {
    const { keys } = this.#server.services.auth as unknown as KeyMaker
    const { key } = await keys.create({ tenantId, name: 'test', scopes })
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${key}`)
    if (json === undefined) return fetch(new URL(path, this.url), { ...init, headers })
    headers.set('Content-Type', 'application/json')
    return fetch(new URL(path, this.url), { method: 'POST', ...init, headers, body: JSON.stringify(json) })
  }

  /** Stops the server gracefully and starts it again on the same data folder and port. */
  async restarts(): Promise<void> {
    const { port } = new URL(this.url)
    await this.#server.stop()
    this.#server = await startIn(this.#folder, this.#options, Number(port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const actor of this.#actors) actor.socket.terminate()
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const startIn = (folder: string, options: WorldOptions, port: number): Promise<RunningServer> => {
  const config: Config = configWith({ port, dataFolder: folder, logLevel: 'silent', ...options.config })
  return startServer({ app: options.app, config, log: silentLog, ...(options.clock ? { clock: options.clock } : {}) })
}

/** `await using world = await startWorld({ app })` */
export const startWorld = async (options: WorldOptions): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-'))
  return new World(options, { folder, server: await startIn(folder, options, 0) })
}

/** A server's `auth` makes keys too, where it is whole. */
type KeyMaker = {
  readonly keys: {
    create(about: { tenantId: string; name: string; scopes: readonly string[] }): Promise<{ key: string }>
  }
}

const refusalOf = (body: unknown): FanfareError => {
  const { code, detail, retryAfterMs } = body as { code: ErrorCode; detail: string; retryAfterMs?: number }
  return new FanfareError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs })
}
