/**
 * A push service and browsers of ours: it looks at the signature of every push as a real one does (VAPID, RFC 8292), and a
 * browser decrypts with keys that only it has (RFC 8291). What it is told to answer, it answers once.
 */
import { createECDH, type ECDH, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { importJWK, jwtVerify } from 'jose'
import type { PushSubscription } from '../inbox-api.ts'
import type { PushMessage } from './payload.ts'

// The library has no types; `web-push` encrypts with it.
const encryption = createRequire(import.meta.url)('http_ece') as {
  decrypt(body: Buffer, how: { version: 'aes128gcm'; privateKey: ECDH; authSecret: Buffer }): Buffer
}

export const newVapid = () => {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  // The library wants it whole, with the zeros in front.
  const privateKey = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url')
  return { publicKey: pair.getPublicKey('base64url'), privateKey, subject: 'mailto:ops@example.com' }
}

export type Received = {
  readonly browser: string
  readonly message: PushMessage
  readonly bytes: number
  readonly headers: IncomingMessage['headers']
}

type Answer = { readonly status: number; readonly headers?: { readonly [name: string]: string } }

export class PushService implements AsyncDisposable {
  /** What browsers were given, in order. */
  readonly received: Received[] = []
  /** Requests, those too that were refused. */
  requests = 0
  readonly #server: http.Server
  readonly #publicKey: string
  readonly #keys = new Map<string, { readonly pair: ECDH; readonly secret: Buffer }>()
  readonly #answers = new Map<string, Answer[]>()

  constructor(publicKey: string) {
    this.#publicKey = publicKey
    this.#server = http.createServer(async (request, response) => {
      const { status, headers } = await this.#take(request)
      response.writeHead(status, { ...headers }).end('{"said":"by the push service"}')
    })
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** A browser that subscribes. */
  browser(name: string): PushSubscription {
    const pair = createECDH('prime256v1')
    pair.generateKeys()
    const secret = randomBytes(16)
    this.#keys.set(name, { pair, secret })
    return {
      endpoint: `${this.origin}/push/${name}`,
      keys: { p256dh: pair.getPublicKey('base64url'), auth: secret.toString('base64url') },
    }
  }

  /** To the next pushes for a browser. */
  answers(browser: string, ...answers: readonly Answer[]): void {
    this.#answers.set(browser, [...answers])
  }

  /** What one browser was given. */
  shownBy(browser: string): readonly PushMessage[] {
    return this.received.filter((one) => one.browser === browser).map(({ message }) => message)
  }

  async #take(request: IncomingMessage): Promise<Answer> {
    this.requests++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const browser = request.url?.replace('/push/', '') ?? ''
    const keys = this.#keys.get(browser)
    if (keys === undefined) return { status: 404 }
    if (!(await this.#isSigned(request))) return { status: 403 }
    if (body.length > 4_096) return { status: 413 }
    const answer = this.#answers.get(browser)?.shift() ?? { status: 201 }
    if (answer.status >= 300) return answer
    const plain = encryption.decrypt(body, { version: 'aes128gcm', privateKey: keys.pair, authSecret: keys.secret })
    const message = JSON.parse(plain.toString('utf8')) as PushMessage
    this.received.push({ browser, message, bytes: body.length, headers: request.headers })
    return answer
  }

  async #isSigned({ headers }: IncomingMessage): Promise<boolean> {
    const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? []
    if (token === undefined || key !== this.#publicKey) return false
    const point = Buffer.from(key, 'base64url')
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'))
    const verifier = await importJWK({ kty: 'EC', crv: 'P-256', x: x!, y: y! }, 'ES256')
    const { payload } = await jwtVerify(token, verifier, { audience: this.origin })
    return payload.sub === 'mailto:ops@example.com' && (payload.exp ?? 0) <= Date.now() / 1_000 + 24 * 3_600
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
