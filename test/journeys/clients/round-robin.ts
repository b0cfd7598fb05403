/**
 * A load balancer without stickiness at its worst: each request and each upgrade goes to another node than the one before.
 * What reaches no node is tried at the next one.
 */
import { once } from 'node:events'
import { request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect as dial, type Socket } from 'node:net'

/** What is sent first, and to whom, in this order. */
type Carried = { readonly body: Buffer; readonly ports: readonly number[] }

export class RoundRobin implements AsyncDisposable {
  /** Requests and upgrades that each node was given. */
  readonly given: number[]
  readonly #ports: readonly number[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #next = 0

  constructor(server: Server, ports: readonly number[]) {
    this.#server = server
    this.#ports = ports
    this.given = ports.map(() => 0)
    server.on('request', (request, response) => void this.#carry(request, response))
    server.on('upgrade', (request, socket, head) =>
      this.#upgrade(request, socket as Socket, { body: head, ports: this.#turn() }),
    )
    server.on('connection', (socket: Socket) => this.#keep(socket))
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  /** Every node once, the one first whose turn it is. */
  #turn(): number[] {
    const first = this.#next++ % this.#ports.length
    this.given[first]!++
    return [...this.#ports.slice(first), ...this.#ports.slice(0, first)]
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    this.#ask(request, response, { body: Buffer.concat(chunks), ports: this.#turn() })
  }

  #ask(request: IncomingMessage, response: ServerResponse, { body, ports: [port = 0, ...others] }: Carried): void {
    const { method, url: path, headers } = request
    const outgoing = ask({ host: '127.0.0.1', port, method, path, headers, agent: false })
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) this.#ask(request, response, { body, ports: others })
      else response.destroy()
    })
    response.on('close', () => outgoing.destroy())
    outgoing.end(body)
  }

  #upgrade(request: IncomingMessage, socket: Socket, { body, ports: [port = 0, ...others] }: Carried): void {
    const node = dial(port, '127.0.0.1', () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`]
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`)
      }
      node.write(`${lines.join('\r\n')}\r\n\r\n`)
      node.write(body)
      node.pipe(socket)
      socket.pipe(node)
      socket.on('close', () => node.destroy())
      node.on('close', () => socket.destroy())
    })
    this.#keep(node)
    node.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) this.#upgrade(request, socket, { body, ports: others })
      else socket.destroy()
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    // What breaks here is for the client to mend; its close follows.
    socket.on('error', () => socket.destroy())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

export const startRoundRobin = async (ports: readonly number[]): Promise<RoundRobin> => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new RoundRobin(server, ports)
}
