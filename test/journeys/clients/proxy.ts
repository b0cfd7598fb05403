/**
 * What lies between a client and a server, with faults that a test turns on: it cuts connections, refuses WebSockets as
 * some company's proxy does, and swallows answers. It carries bytes and reads nothing but a connection's first ones.
 */
import { createServer, type Server, type Socket, connect as socketTo } from 'node:net'

const refusal = 'HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno'

export class FaultyProxy implements AsyncDisposable {
  /** WebSockets do not get through. */
  refusesSockets = false
  /** Nobody gets through. */
  isDown = false
  /** What the server says does not get through; the server hears everything. */
  swallowsAnswers = false
  /** Upgrades that were asked for. */
  upgrades = 0
  readonly #target: number
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()

  constructor(listener: Server, target: number) {
    this.#listener = listener
    this.#target = target
    listener.on('connection', (socket) => this.#accept(socket))
  }

  get url(): string {
    const address = this.#listener.address()
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  /** Every connection breaks, without a goodbye. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  #accept(inner: Socket): void {
    this.#keep(inner)
    if (this.isDown) {
      inner.destroy()
      return
    }
    inner.once('data', (first: Buffer) => {
      const isUpgrade = /\r\nupgrade: websocket\r\n/i.test(first.toString('latin1'))
      if (isUpgrade) this.upgrades++
      if (isUpgrade && this.refusesSockets) {
        inner.end(refusal)
        return
      }
      this.#carry(inner, first)
    })
  }

  #carry(inner: Socket, first: Buffer): void {
    const outer = socketTo(this.#target, '127.0.0.1')
    this.#keep(outer)
    outer.write(first)
    inner.on('data', (bytes: Buffer) => outer.write(bytes))
    outer.on('data', (bytes: Buffer) => {
      if (!this.swallowsAnswers) inner.write(bytes)
    })
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    // A connection that breaks is what this is for; its close follows.
    socket.on('error', () => socket.destroy())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#listener.close(resolve))
  }
}

/** @param url of the server behind it */
export const startProxy = async (url: string): Promise<FaultyProxy> => {
  const listener = createServer()
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  return new FaultyProxy(listener, Number(new URL(url).port))
}
