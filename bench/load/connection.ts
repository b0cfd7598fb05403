/**
 * A WebSocket client made by hand on a raw socket, so that the load is not the limit: it reads frame headers only and
 * leaves what is in them to its receiver, as a range of the bytes that came. Server frames that are fragmented are refused.
 */
import { frameOf, pongOf } from './frame.ts'

export type Receiver = {
  /** A text frame: its text is `bytes` from `start` to `end`, valid during the call only. */
  frame(connection: Connection, bytes: Uint8Array, start: number, end: number): void
  /** Every frame of what came at once was handed over. */
  chunk?(connection: Connection): void
}

/** As much of a socket as a connection needs. */
export type RawSocket = { write(bytes: Uint8Array): number; terminate(): void }

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

export class Connection {
  readonly index: number
  receiver: Receiver
  readonly #socket: RawSocket
  #upgraded = false
  #rest: Uint8Array | undefined
  #unsent: Uint8Array | undefined
  readonly #upgrade: string

  constructor(
    socket: RawSocket,
    options: { readonly index: number; readonly upgrade: string; readonly receiver: Receiver },
  ) {
    this.#socket = socket
    this.index = options.index
    this.receiver = options.receiver
    this.#upgrade = options.upgrade
  }

  opened(): void {
    this.send(Buffer.from(this.#upgrade))
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
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = undefined
    let at = this.#upgraded ? 0 : this.#readUpgrade(bytes)
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]! & 127
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
      if (start > bytes.length) break
      const end = start + (short < 126 ? short : lengthAt(bytes, at + 2, start))
      if (end > bytes.length) break
      if (bytes[at] === (128 | opcodes.text)) this.receiver.frame(this, bytes, start, end)
      else this.#control(bytes, { at, start, end })
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.slice(at)
    this.receiver.chunk?.(this)
  }

  /** Where the frames begin; all of it while the answer is not whole. @throws Error when the server refused */
  #readUpgrade(bytes: Uint8Array): number {
    const text = Buffer.from(bytes).toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return 0
    if (!text.startsWith('HTTP/1.1 101')) throw new Error(`the upgrade was refused: ${text.slice(0, 400)}`)
    this.#upgraded = true
    return end + 4
  }

  #control(
    bytes: Uint8Array,
    { at, start, end }: { readonly at: number; readonly start: number; readonly end: number },
  ): void {
    const opcode = bytes[at]! & 15
    if (opcode === opcodes.ping) this.send(pongOf(bytes.subarray(start, end)))
    else if (opcode === opcodes.close)
      throw new Error(`the server closed: ${Buffer.from(bytes.subarray(start + 2, end))}`)
    else if (opcode !== opcodes.pong) throw new Error(`a frame that no contender should send: opcode ${opcode}`)
  }
}

const lengthAt = (bytes: Uint8Array, from: number, to: number): number => {
  let length = 0
  for (let index = from; index < to; index++) length = length * 256 + bytes[index]!
  return length
}
