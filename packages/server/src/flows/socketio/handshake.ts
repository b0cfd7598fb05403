/**
 * What a client showed as it came, kept for as long as it stays. Headers and query are text until somebody asks for them:
 * of most sessions nobody ever does, and there are many.
 */
import type { JsonObject } from '@fanfare/protocol'
import type { SocketHandshake } from '../../app/socketio.ts'
import type { Handshake } from './engine-port.ts'

type Shown = { readonly headers: Headers; readonly query: string; readonly address: string; readonly openedAt: number }

/** Of how a WebSocket opens, which says nothing of who opens it. */
const isOfUpgrade = (name: string): boolean =>
  name === 'upgrade' || name === 'connection' || (name.startsWith('sec-websocket-') && !name.endsWith('-protocol'))

/** Of the connection. Whoever asks for headers or query gets a copy. */
export class KeptHandshake implements Handshake {
  readonly address: string
  readonly origin: string | undefined
  readonly openedAt: number
  readonly #headers: string
  readonly #query: string

  constructor({ headers, query, address, openedAt }: Shown) {
    this.address = address
    this.origin = headers.get('origin') ?? undefined
    this.openedAt = openedAt
    this.#headers = JSON.stringify([...headers].filter(([name]) => !isOfUpgrade(name)))
    this.#query = query
  }

  get headers(): Headers {
    return new Headers(JSON.parse(this.#headers) as [string, string][])
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query)
  }
}

/** One for all who showed nothing else. */
const nothing: JsonObject = Object.freeze({})

/** Of one namespace: the connection's, and what was shown to enter it. */
export class NamespaceHandshake implements SocketHandshake {
  readonly namespace: string
  readonly auth: JsonObject
  readonly #connection: Handshake

  constructor(namespace: string, auth: JsonObject, connection: Handshake) {
    this.namespace = namespace
    this.auth = auth
    this.#connection = connection
  }

  /** Once they are verified, tokens and tickets are of use to nobody but a thief. */
  withoutSecrets(): NamespaceHandshake {
    const { token: _, ticket: __, ...auth } = this.auth
    return new NamespaceHandshake(this.namespace, Object.keys(auth).length === 0 ? nothing : auth, this.#connection)
  }

  get headers(): Headers {
    return this.#connection.headers
  }

  get query(): URLSearchParams {
    return this.#connection.query
  }

  get address(): string {
    return this.#connection.address
  }

  get origin(): string | undefined {
    return this.#connection.origin
  }

  get openedAt(): number {
    return this.#connection.openedAt
  }
}
