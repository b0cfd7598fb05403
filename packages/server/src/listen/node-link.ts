/** A link over a WebSocket of the `ws` package, and the watch over those that have fallen silent. */

import type { Duplex } from 'node:stream'
import { codes, type ErrorCode } from '@fanfare/protocol'
import type { WebSocket } from 'ws'
import type { Link, LinkReader } from '../hub/link.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { isLarger } from '../lib/size.ts'
import type { Frame } from '../wire/dialect.ts'
import type { Lines } from '../wire/lines.ts'
import { shorten } from './reason.ts'

/** What `ws` runs on: a socket of `node:net` or `node:tls`. */
export type Carrier = Duplex & { readonly bytesRead?: number }

/** `most`: bytes that a message may have. */
type Telling = { readonly log: Log; readonly most: number }

export class NodeLink implements Link {
  readonly kind = 'websocket'
  readonly #socket: WebSocket
  readonly #carrier: Carrier
  readonly #lines: Lines | undefined
  #heard: number | undefined
  #silentBeats = 0

  /** @param lines where the client reads several frames a message */
  constructor(socket: WebSocket, carrier: Carrier, lines: Lines | undefined) {
    this.#socket = socket
    this.#carrier = carrier
    this.#lines = lines
  }

  /** From here on the reader is told everything; a fault of the other end is only logged, because its close follows. */
  tell(reader: LinkReader, { log, most }: Telling): void {
    const socket = this.#socket
    const drained = () => reader.drained()
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      // `ws` reads on until the other end has answered the close, and whoever was sent away need not.
      if (socket.readyState !== socket.OPEN) return
      if (isLarger(data, most)) this.close('too_large', 'The message is larger than the limit.')
      else reader.receive(isBinary ? data : data.toString())
    })
    socket.on('error', (error) => log.debug({ error }, 'a WebSocket failed'))
    this.#carrier.on('drain', drained)
    socket.on('close', (code) => {
      this.#carrier.off('drain', drained)
      // A page that reloads says 1001: only 1000 is a goodbye.
      reader.closed(code === 1000)
    })
  }

  write(frames: readonly Frame[]): void {
    const messages = this.#lines?.join(frames) ?? frames
    const [only] = messages
    if (messages.length === 1 && only !== undefined) {
      this.#socket.send(only)
      return
    }
    this.#carrier.cork()
    for (const message of messages) this.#socket.send(message)
    this.#carrier.uncork()
  }

  buffered(): number {
    return this.#socket.readyState === this.#socket.OPEN ? this.#socket.bufferedAmount : 0
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    this.#socket.close(code === 'normal' ? 1000 : codes[code].close, shorten(reason))
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** One beat of the watch: a link that sent nothing is asked for a sign of life in time, and cut at the end of it. */
  beat(): void {
    const heard = this.#carrier.bytesRead
    this.#silentBeats = heard === this.#heard ? this.#silentBeats + 1 : 0
    this.#heard = heard
    if (this.#silentBeats > beatsOfIdle) this.terminate()
    else if (this.#silentBeats >= beatsOfIdle / 2) this.#socket.ping()
  }
}

const beatsOfIdle = 8

/** Every link is looked at so many times in its idle time, by one timer for all; beats are counted, because wall clocks jump. */
export const watchSilence = (
  links: Iterable<NodeLink>,
  { clock, idleMs }: { readonly clock: Clock; readonly idleMs: number },
): Timer =>
  clock.every(idleMs / beatsOfIdle, () => {
    for (const link of links) link.beat()
  })
