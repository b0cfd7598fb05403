/** What a client can be told, and what it does when it is not. Resolving makes one frozen object; nothing here acts. */
import { defaultLimits } from '@fanfare/protocol'
import type { TicketSource, TokenSource } from './credentials.ts'
import { type Surroundings, systemSurroundings } from './surroundings.ts'

export type ClientOptions = {
  /** `https://host`, `wss://host` or, in a page, a path: `/`. What comes before `/v1` if the server is mounted below a path. */
  readonly url: string
  /** A token, or a function that gives one: asked on every connect and before the token expires. */
  readonly token?: TokenSource
  /** In place of a token: a function that gives a single-use ticket, for pages that must not hold a token. */
  readonly ticket?: TicketSource
  /** The WebSocket path, for an endpoint of the application. @default '/v1/websocket' */
  readonly path?: string
  readonly reconnect?: {
    /** @default 500 */
    readonly minMs?: number
    /** @default 30000 */
    readonly maxMs?: number
    /** A link that held this long proves that earlier failures are over. @default 5000 */
    readonly stableMs?: number
  }
  readonly queue?: {
    /** Publishes, commands and other requests that wait for an answer. @default 1000 */
    readonly maxItems?: number
    /** Their JSON together, in bytes. @default 1048576 */
    readonly maxBytes?: number
    /**
     * Publishes and commands sent before the first of them is answered. More is faster over long distances, but then one
     * that is refused for a while and tried again may come after later ones. @default 1
     */
    readonly maxInFlight?: number
  }
  readonly fallback?: {
    /** WebSockets that must fail in a row before event streams are used; `false` never uses them. @default 2 */
    readonly afterFailures?: number | false
    /** How often a WebSocket is tried again meanwhile. @default 60000 */
    readonly upgradeMs?: number
  }
  /** How long a link may take to open and be greeted. @default 10000 */
  readonly connectTimeoutMs?: number
  /** The largest publish or command, in bytes of JSON; a larger one is refused here. @default 65536 */
  readonly maxMessageBytes?: number
  /** A room whose last handle left stays subscribed this long, so that leaving and coming back costs nothing. @default 250 */
  readonly releaseMs?: number
  /** How long `close()` waits for what is still in the queue. @default 5000 */
  readonly closeTimeoutMs?: number
  /** Replaces parts of the runtime: sockets, requests, time, chance. */
  readonly surroundings?: Partial<Surroundings>
}

export const defaults = {
  path: '/v1/websocket',
  reconnect: { minMs: 500, maxMs: 30_000, stableMs: 5_000 },
  queue: { maxItems: 1_000, maxBytes: 1024 * 1024, maxInFlight: 1 },
  fallback: { afterFailures: 2 as number | false, upgradeMs: 60_000 },
  connectTimeoutMs: defaultLimits.authMs as number,
  maxMessageBytes: defaultLimits.messageBytes as number,
  releaseMs: 250,
  closeTimeoutMs: 5_000,
}

/** The options with every default filled in. */
export type Settings = typeof defaults & {
  readonly url: string
  readonly token: TokenSource | undefined
  readonly ticket: TicketSource | undefined
  readonly surroundings: Surroundings
}

export const settingsOf = (options: ClientOptions): Settings => ({
  ...defaults,
  ...options,
  token: options.token,
  ticket: options.ticket,
  reconnect: { ...defaults.reconnect, ...options.reconnect },
  queue: { ...defaults.queue, ...options.queue },
  fallback: { ...defaults.fallback, ...options.fallback },
  surroundings: { ...systemSurroundings(), ...options.surroundings },
})
