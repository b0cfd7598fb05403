/** Stock Socket.IO clients of several versions, as their users drive them, and everything that they heard, in order. */
import { Mailbox } from '@fanfare/testkit'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'

type Connect = typeof io

/** The oldest of version 4, and those that added what a server must bear: timeouts, recovery. */
export const versions = ['4.0', '4.4', '4.6', '4.8'] as const
export type Version = (typeof versions)[number]

const load = async (version: Version): Promise<Connect> => {
  if (version === '4.8') return io
  // Types of their own would only say again what those of the newest say.
  const name: string = `socket.io-client-${version.replace('.', '-')}`
  return ((await import(name)) as { readonly io: Connect }).io
}

export type ClientOptions = Partial<ManagerOptions & SocketOptions> & {
  /** `http://…` */
  readonly url: string
  readonly token?: string
  /** @default '/' */
  readonly namespace?: string
  /** @default '4.8' */
  readonly version?: Version
}

export type Heard = { readonly name: string; readonly args: readonly unknown[] }
type Refused = Error & {
  readonly data?: { readonly code?: string; readonly retry?: string; readonly [name: string]: unknown }
}

const waitMs = 5_000

export class Client implements Disposable {
  readonly socket: Socket
  /** Every event, in order. */
  readonly heard: Heard[] = []
  /** Why it was cut off, each time. */
  readonly left: string[] = []
  readonly #mail = new Mailbox<Heard>('the client')
  readonly #refusals = new Mailbox<Refused>('the client')

  constructor(socket: Socket) {
    this.socket = socket
    socket.onAny((name: string, ...args: unknown[]) => {
      const event = { name, args }
      this.heard.push(event)
      this.#mail.put(event)
    })
    socket.on('disconnect', (reason) => this.left.push(reason))
    socket.on('connect_error', (error) => this.#refusals.put(error as Refused))
  }

  /** What carries the connection now. */
  get transport(): string {
    return this.socket.io.engine.transport.name
  }

  /** The arguments of the next event of this name. */
  async hears(name: string, timeoutMs = waitMs): Promise<readonly unknown[]> {
    return (await this.#mail.take(`an event ${name}`, (event) => event.name === name, timeoutMs)).args
  }

  /** First arguments of the events of this name so far. */
  told(name: string): readonly unknown[] {
    return this.heard.filter((event) => event.name === name).map(({ args }) => args[0])
  }

  /** Resolves when the condition holds; looked at with each event and each twentieth of a second. */
  async until(what: string, holds: () => boolean, timeoutMs = waitMs): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`The client waited ${timeoutMs} ms for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Resolves when it is connected; rejects when it is refused first. */
  connected(timeoutMs = waitMs): Promise<this> {
    if (this.socket.connected) return Promise.resolve(this)
    const { promise, resolve, reject } = Promise.withResolvers<this>()
    const timer = setTimeout(() => reject(new Error(`not connected in ${timeoutMs} ms`)), timeoutMs)
    this.socket.once('connect', () => resolve(this))
    return promise.finally(() => clearTimeout(timer))
  }

  /** The next `connect_error`. */
  refused(): Promise<Refused> {
    return this.#refusals.take('a refusal', () => true, waitMs)
  }

  /** Emits and resolves with everything that was acknowledged. */
  asks(name: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>()
    const timer = setTimeout(() => reject(new Error(`${name} was not acknowledged in ${waitMs} ms`)), waitMs)
    this.socket.emit(name, ...args, (...answer: unknown[]) => resolve(answer))
    return promise.finally(() => clearTimeout(timer))
  }

  /** The connection breaks without a goodbye; the client then comes back by itself. */
  breaks(): void {
    const { engine } = this.socket.io
    const transport = engine.transport as unknown as { ws?: { terminate?(): void; close(): void } }
    if (transport.ws) (transport.ws.terminate ?? transport.ws.close).call(transport.ws)
    else engine.close()
  }

  [Symbol.dispose](): void {
    this.socket.disconnect()
  }
}

/** Not yet connected, unless awaited with `connected()`. */
export const openClient = async (options: ClientOptions): Promise<Client> => {
  const { url, token, namespace = '/', version = '4.8', ...others } = options
  const connect = await load(version)
  const socket = connect(`${url}${namespace}`, {
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...(token === undefined ? {} : { auth: { token } }),
    ...others,
  })
  return new Client(socket)
}

export const connectClient = async (options: ClientOptions): Promise<Client> =>
  (await openClient(options)).connected(10_000)
