/**
 * Stands before one server as a proxy does, and fails as it is told: loses the answer to a request that was carried out, or
 * answers in the server's place. Counts what it let through.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export type Failure =
  | { readonly kind: 'lost answer' }
  | { readonly kind: 'instead'; readonly status: number; readonly headers?: Record<string, string> }

export class FlakyFront implements AsyncDisposable {
  /** Of the next requests, one each. */
  readonly failures: Failure[] = []
  /** `POST /v1/…` of what the server carried out. */
  readonly carried: string[] = []
  readonly #server: Server
  readonly #target: string

  private constructor(target: string) {
    this.#target = target
    this.#server = createServer((request, response) => void this.#carry(request, response))
  }

  static async open(target: string): Promise<FlakyFront> {
    const front = new FlakyFront(target)
    front.#server.listen(0, '127.0.0.1')
    await once(front.#server, 'listening')
    return front
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const failure = this.failures.shift()
    if (failure?.kind === 'instead') {
      response.writeHead(failure.status, failure.headers).end('not now')
      return
    }
    const { method = 'GET', url = '/' } = request
    const { authorization = '', 'content-type': type } = request.headers
    const answer = await fetch(`${this.#target}${url}`, {
      method,
      headers: { authorization, ...(type === undefined ? {} : { 'content-type': type }) },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    })
    const body = await answer.text()
    this.carried.push(`${method} ${url}`)
    if (failure?.kind === 'lost answer') request.socket.destroy()
    else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
