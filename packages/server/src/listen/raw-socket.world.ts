/** A WebSocket client of bytes, for tests: it says exactly what it is told to, right or wrong, and runs on every runtime. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export type Heard = { readonly opcode: number; readonly payload: Buffer }

/** A frame as a client sends it. Whoever wants a wrong one changes it afterwards. */
export const frame = (opcode: number, payload: Uint8Array | string, { fin = true } = {}): Buffer => {
  const bytes = Buffer.from(payload)
  const mask = Buffer.from([1, 2, 3, 4])
  const masked = bytes.map((byte, index) => byte ^ mask[index % 4]!)
  return Buffer.concat([head(opcode, fin, bytes.length), mask, masked])
}

const head = (opcode: number, fin: boolean, length: number): Buffer => {
  const first = (fin ? 0x80 : 0) | opcode
  if (length < 126) return Buffer.from([first, 0x80 | length])
  const long = Buffer.alloc(length < 65_536 ? 4 : 10)
  long[0] = first
  if (length < 65_536) {
    long[1] = 0x80 | 126
    long.writeUInt16BE(length, 2)
  } else {
    long[1] = 0x80 | 127
    long.writeBigUInt64BE(BigInt(length), 2)
  }
  return long
}

export const closeFrame = (code: number, reason = ''): Buffer => {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code, 0)
  payload.write(reason, 2)
  return frame(8, payload)
}

export type RawOptions = {
  readonly headers?: { readonly [name: string]: string }
  /** Sent in the same packet as the handshake. */
  readonly early?: Buffer
}

const handshake = (host: string, path: string, given: RawOptions['headers'] = {}): string => {
  const headers = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    ...given,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]))
  return [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}

export class RawSocket {
  readonly socket: Socket
  /** How the server answered the handshake. */
  status = 0
  headers = new Headers()
  /** Of an answer that opens nothing. */
  body = ''
  /** The code and reason of the close frame; code 1006 when the connection ended without one. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  answersPings = true
  #answered = Promise.withResolvers<void>()
  #ended = Promise.withResolvers<{ code: number; reason: string }>()
  #bytes: Buffer = Buffer.alloc(0)
  readonly #heard: Heard[] = []
  readonly #waiting: ((heard: Heard) => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = this.#ended.promise
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    // A reset is an end like another.
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.status !== 0 && this.status !== 101) this.body = this.#bytes.toString()
      this.#answered.resolve()
      this.#ended.resolve({ code: 1006, reason: '' })
    })
  }

  /** Resolves when the server has answered: status 101 when it is open, 0 when nobody was there. */
  static async open(url: string, path: string, options: RawOptions = {}): Promise<RawSocket> {
    const { host, hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const raw = new RawSocket(socket)
    const request = Buffer.from(handshake(host, path, options.headers))
    socket.write(options.early ? Buffer.concat([request, options.early]) : request)
    await raw.#answered.promise
    return raw
  }

  get isOpen(): boolean {
    return this.status === 101
  }

  sends(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  says(text: string): void {
    this.sends(frame(1, text))
  }

  /** The next message, whole or not; pings are answered, not told. */
  hears(): Promise<Heard> {
    const heard = this.#heard.shift()
    return heard ? Promise.resolve(heard) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  async hearsText(): Promise<string> {
    return (await this.hears()).payload.toString()
  }

  #take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    if (this.status === 0 && !this.#takeAnswer()) return
    if (!this.isOpen) return
    for (let heard = this.#takeFrame(); heard; heard = this.#takeFrame()) this.#tell(heard)
  }

  #takeAnswer(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [first = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n')
    this.#bytes = this.#bytes.subarray(end + 4)
    this.status = Number(first.split(' ')[1])
    for (const line of lines) {
      const colon = line.indexOf(':')
      this.headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    // The body of a refusal is over when the server hangs up; one that keeps the connection is left here.
    if (this.isOpen) this.#answered.resolve()
    else this.socket.end()
    return true
  }

  #takeFrame(): Heard | undefined {
    const bytes = this.#bytes
    if (bytes.length < 2) return undefined
    const short = bytes[1]! & 0x7f
    const start = short < 126 ? 2 : short === 126 ? 4 : 10
    if (bytes.length < start) return undefined
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < start + length) return undefined
    this.#bytes = bytes.subarray(start + length)
    return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(start, start + length) }
  }

  #tell(heard: Heard): void {
    if (heard.opcode === 9) {
      if (this.answersPings) this.sends(frame(10, heard.payload))
      return
    }
    if (heard.opcode === 8) {
      const code = heard.payload.length < 2 ? 1005 : heard.payload.readUInt16BE(0)
      this.#ended.resolve({ code, reason: heard.payload.toString('utf8', 2) })
      this.socket.end(frame(8, heard.payload))
      return
    }
    const waiting = this.#waiting.shift()
    if (waiting) waiting(heard)
    else this.#heard.push(heard)
  }
}
