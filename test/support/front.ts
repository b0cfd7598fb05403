/**
 * One address before several nodes, as a balancer of TCP connections is: each new one goes to any node that says it is ready,
 * by chance, whoever makes it. Knows no HTTP, and keeps nobody where they were.
 */
import { once } from 'node:events'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

const probeMs = 150

type Target = { readonly port: number; ready: boolean }

export class Front implements AsyncDisposable {
  /** Connections that are open now. */
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #targets: readonly Target[]
  readonly #probing: ReturnType<typeof setInterval>

  private constructor(server: Server, ports: readonly number[]) {
    this.#server = server
    this.#targets = ports.map((port) => ({ port, ready: true }))
    server.on('connection', (socket: Socket) => this.#carry(socket, this.#turn()))
    this.#probing = setInterval(() => this.#targets.forEach((target) => void probe(target)), probeMs)
  }

  static async open(ports: readonly number[]): Promise<Front> {
    const server = createServer({ noDelay: true })
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    await once(server, 'listening')
    return new Front(server, ports)
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  get socketUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/websocket`
  }

  /** Every node once: those that are ready first. */
  #turn(): readonly Target[] {
    // By turns, a client's second connection might go to another node than its first always, or never.
    const first = Math.floor(Math.random() * this.#targets.length)
    const turn = [...this.#targets.slice(first), ...this.#targets.slice(0, first)]
    return turn.sort((a, b) => Number(b.ready) - Number(a.ready))
  }

  #carry(client: Socket, [target, ...others]: readonly Target[]): void {
    this.#keep(client)
    if (!target) return void client.destroy()
    const node = dial({ port: target.port, host: '127.0.0.1', noDelay: true })
    this.#keep(node)
    let reached = false
    node.once('connect', () => {
      reached = true
      client.pipe(node)
      node.pipe(client)
    })
    node.once('close', () => {
      if (reached || client.destroyed) return void client.destroy()
      target.ready = false
      this.#carry(client, others)
    })
    client.once('close', () => node.destroy())
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) return
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // What breaks here is for the client to mend; its close follows.
    socket.on('error', () => socket.destroy())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#probing)
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

const probe = async (target: Target): Promise<void> => {
  const answer = await fetch(`http://127.0.0.1:${target.port}/ready`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  )
  target.ready = answer?.ok === true
}
