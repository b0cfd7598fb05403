/**
 * An event stream read as a browser's EventSource does, which Bun has not: comes back by itself with the id of the last
 * whole block, after 3 s or what `retry` said. Over a plain socket, since a runtime's `fetch` opens only so many at a time.
 * A refusal is tried again too, as applications do by making a new one.
 */
import { connect, type Socket } from 'node:net'

export type EventSourceOptions = {
  /** `http://host:port/path` */
  readonly url: string
  readonly token: string
  readonly opened: () => void
  readonly lost: () => void
  /** Whole blocks with data, in order. */
  readonly block: (event: string, data: string) => void
}

/** Of the browsers that have the shortest. */
const defaultRetryMs = 3_000

export class EventSourceReader {
  readonly #options: EventSourceOptions
  #socket: Socket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = defaultRetryMs
  #lastId = ''
  #isOpen = false
  #closed = false

  constructor(options: EventSourceOptions) {
    this.#options = options
    this.#dial()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #dial(): void {
    const { hostname, host, port, pathname, search } = new URL(this.#options.url)
    const reader = new ChunkReader()
    let text = ''
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      const resume = this.#lastId === '' ? [] : [`Last-Event-ID: ${this.#lastId}`]
      const headers = [
        `Host: ${host}`,
        `Authorization: Bearer ${this.#options.token}`,
        'Accept: text/event-stream',
        ...resume,
      ]
      socket.write(`${[`GET ${pathname}${search} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`)
    })
    socket.on('data', (part: string) => {
      const was = reader.status
      const body = reader.take(part)
      if (was === undefined && reader.status !== undefined) this.#answered(reader.status, socket)
      if (reader.status !== 200) return
      const blocks = (text + body).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) this.#take(block)
      if (reader.ended) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#ended())
  }

  #answered(status: number, socket: Socket): void {
    if (status !== 200) return void socket.destroy()
    this.#isOpen = true
    this.#options.opened()
  }

  #ended(): void {
    if (this.#isOpen) {
      this.#isOpen = false
      this.#options.lost()
    }
    if (this.#closed) return
    this.#timer = setTimeout(() => this.#dial(), this.#retryMs)
  }

  /** Fields are ASCII but for data, which is JSON whose strings no test here looks into. */
  #take(block: string): void {
    let event = 'message'
    let data: string | undefined
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':')
      const value = line.slice(colon + 1).trimStart()
      if (line.startsWith('event:')) event = value
      else if (line.startsWith('data:')) data = value
      else if (line.startsWith('id:')) this.#lastId = value
      else if (line.startsWith('retry:')) this.#retryMs = Number(value)
    }
    if (data !== undefined) this.#options.block(event, data)
  }
}

/** The head of an answer, and its body out of its chunks. */
class ChunkReader {
  status: number | undefined
  ended = false
  #text = ''
  /** What is left of the chunk that is read now, with its line break. */
  #left = 0

  take(part: string): string {
    this.#text += part
    if (this.status === undefined && !this.#readHead()) return ''
    let body = ''
    while (this.#text !== '' && !this.ended) {
      if (this.#left === 0) {
        const end = this.#text.indexOf('\r\n')
        if (end < 0) break
        const size = Number.parseInt(this.#text.slice(0, end), 16)
        this.#text = this.#text.slice(end + 2)
        this.#left = size + 2
        this.ended = size === 0
        continue
      }
      const taken = this.#text.slice(0, this.#left)
      body += taken.slice(0, Math.max(0, this.#left - 2))
      this.#text = this.#text.slice(taken.length)
      this.#left -= taken.length
    }
    return body
  }

  #readHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    this.status = Number(this.#text.split(' ', 2)[1])
    this.#text = this.#text.slice(end + 4)
    return true
  }
}
