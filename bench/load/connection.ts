/** A client made by hand on a raw socket, so that the load is not the limit. What its frames are is the link's. */
import { frameOf } from './frame.ts'
import type { Frames, Link } from './links/link.ts'
import { type LinkName, links } from './links.ts'

export type Receiver = {
  /** The server accepted the link, and has said nothing yet. */
  opened?(connection: Connection): void
  /** A text frame: its text is `bytes` from `start` to `end`, valid during the call only. */
  frame(connection: Connection, bytes: Uint8Array, start: number, end: number): void
  /** Every frame of what came at once was handed over. */
  chunk?(connection: Connection): void
}

/** As much of a socket as a connection needs. */
export type RawSocket = { write(bytes: Uint8Array): number; terminate(): void }

export class Connection implements Frames {
  readonly index: number
  receiver: Receiver
  readonly #socket: RawSocket
  readonly #link: Link
  #rest: Buffer | undefined
  #unsent: Uint8Array | undefined
  readonly #upgrade: string

  constructor(
    socket: RawSocket,
    options: {
      readonly index: number
      readonly upgrade: string
      readonly receiver: Receiver
      /** @default 'websocket' */
      readonly link?: LinkName | undefined
    },
  ) {
    this.#socket = socket
    this.index = options.index
    this.receiver = options.receiver
    this.#upgrade = options.upgrade
    this.#link = links[options.link ?? 'websocket']()
  }

  /** Asks for the link. */
  begin(): void {
    this.send(Buffer.from(this.#upgrade))
  }

  opened(): void {
    this.receiver.opened?.(this)
  }

  frame(bytes: Buffer, start: number, end: number): void {
    this.receiver.frame(this, bytes, start, end)
  }

  sendText(text: string): void {
    this.send(frameOf(text))
  }

  send(bytes: Uint8Array): void {
    if (this.#unsent) {
      this.#unsent = Buffer.concat([this.#unsent, bytes])
      return
    }
    const written = Math.max(0, this.#socket.write(bytes))
    // A copy, because the caller uses its buffer again.
    if (written < bytes.length) this.#unsent = bytes.slice(written)
  }

  drained(): void {
    const unsent = this.#unsent
    this.#unsent = undefined
    if (unsent) this.send(unsent)
  }

  /** Ends it at once, with a reset, so that thousands a second leave no port waiting. */
  end(): void {
    this.#socket.terminate()
  }

  take(chunk: Uint8Array): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : bufferOf(chunk)
    this.#rest = undefined
    const read = this.#link.read(bytes, this)
    if (read < bytes.length) this.#rest = Buffer.from(bytes.subarray(read))
    this.receiver.chunk?.(this)
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
