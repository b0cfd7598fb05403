/** The seam between Engine.IO (the transport) and Socket.IO (what the messages mean). Neither knows more of the other. */
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Frame } from '../../wire/dialect.ts'

/** Everything that the client showed when the Engine.IO session opened. */
export type Handshake = {
  readonly headers: Headers
  readonly query: URLSearchParams
  /** Behind trusted proxies, the client's and not theirs. */
  readonly address: string
  readonly origin: string | undefined
  /** Unix milliseconds. */
  readonly openedAt: number
}

/** What a client of Socket.IO calls the reasons of a disconnect. */
export type EngineCloseReason =
  | 'transport close'
  | 'transport error'
  | 'ping timeout'
  | 'parse error'
  | 'forced close'
  | 'server shutting down'

/** What Socket.IO sees of an Engine.IO session. */
export type EngineLink = {
  /** The Engine.IO session's id: public to its client, of no use to sign in with. */
  readonly id: string
  readonly handshake: Handshake
  /**
   * Messages in order; those of one call are never interleaved with others. Text begins with the Engine.IO type `4`; bytes
   * are raw, one attachment each. After the end it is silent: `closed` told the reader so.
   */
  write(messages: readonly Frame[]): void
  /**
   * One message that its client reads by itself: over a WebSocket, what is written after it follows a moment later. Some
   * clients listen for what comes next only once they have read it, and miss what is in the same chunk of bytes.
   */
  writeAlone(message: Frame): void
  /** Bytes that were written and not yet taken by a poll or by the operating system. */
  buffered(): number
  /** Ends the session after what was written, where that still works. */
  close(reason: EngineCloseReason): void
  /** Ends the session at once; what was not sent is dropped. The reader hears `forced close`. */
  terminate(): void
}

/** What an Engine.IO session tells whoever reads from it. None of it throws. */
export type EngineReader = {
  /** One message, without the type `4`; bytes are a copy that the reader may keep. */
  receive(message: string | Uint8Array): void
  /** What was written has been taken. */
  drained(): void
  /** Once, last, however the session ended; never from inside `OpenEngine` or `write`. */
  closed(reason: EngineCloseReason): void
}

/** Called once for each session, after its open packet is on its way. May write and close at once. */
export type OpenEngine = (link: EngineLink) => EngineReader

/** What whoever carries a session needs of it, on this node or for another. */
export type CarriedSession = {
  readonly transport: EngineTransport
  /** The payload to answer a GET with; undefined when it is refused. */
  poll(): Promise<string> | undefined
  /** What the GET was or would be answered with is lost to the client. */
  pollLost(): void
  /** False when it is refused. @throws what `read` throws */
  post(read: () => Promise<string>): Promise<boolean>
  /** What is sent is of a kind that is not taken. */
  refuse(): void
  /** A WebSocket came for the session. */
  probe(link: Link): LinkReader
}

export type EngineTransport = 'polling' | 'websocket'

/** Durations in milliseconds. */
export type EngineSettings = {
  /** With a slash at the start and none at the end. @example '/socket.io' */
  readonly path: string
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  readonly upgradeTimeoutMs: number
  /** Bytes of one message or of one polling payload. */
  readonly maxPayload: number
  /** At least one. */
  readonly transports: readonly EngineTransport[]
  /** Whether the browser's client is served under the path. */
  readonly serveClient: boolean
}
