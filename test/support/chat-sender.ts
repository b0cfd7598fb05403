/**
 * A member who sends numbers as texts, each with a key of its own, and says what was read. What was not answered when the link
 * broke, or was answered with "come back", is sent again with the same key.
 */
import type { Receipt, SentMessage, ServerFrame } from '@fanfare/protocol'

export type ChatSenderOptions = {
  readonly name: string
  /** `ws://…`, now: it may be another after a while. */
  readonly url: () => string
  readonly token: string
  readonly rooms: readonly string[]
  /** Gives the next number, each once over all senders. */
  readonly next: () => number
}

type Sent = { readonly number: number; readonly id: string; readonly roomId: string }

/** Unanswered at a time. */
const window = 40
const retryMs = 100

export class ChatSender {
  readonly name: string
  /** What was sent → the message that it became. */
  readonly acknowledged = new Map<number, Sent>()
  readonly faults: string[] = []
  /** Up to where each room's receipts were acknowledged. */
  readonly read = new Map<string, number>()
  refused = 0
  readonly #options: ChatSenderOptions
  /** Number → room. */
  readonly #waiting = new Map<number, string>()
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #idle: (() => void) | undefined
  #stopped = false

  constructor(options: ChatSenderOptions) {
    this.name = options.name
    this.#options = options
  }

  /** Connects, and again for as long as it has not ended. */
  begins(): void {
    const { url, token } = this.#options
    const socket = new WebSocket(url(), ['fanfare.v1', `bearer.${token}`])
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as ServerFrame))
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      if (!this.#stopped) setTimeout(() => this.begins(), retryMs)
    })
  }

  sends(): void {
    this.#timer = setInterval(() => {
      while (this.#socket?.readyState === WebSocket.OPEN && this.#waiting.size < window) {
        const n = this.#options.next()
        this.#waiting.set(n, this.#options.rooms[n % this.#options.rooms.length]!)
        this.#send(n)
      }
    }, 5)
  }

  /** Stops, and resolves when everything is acknowledged. */
  async finishes(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#waiting.size === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#idle = resolve
    const late = setTimeout(() => {
      const link =
        this.#socket === undefined ? 'none' : ['opening', 'open', 'closing', 'closed'][this.#socket.readyState]
      const some = [...this.#waiting.keys()].slice(0, 5).join(', ')
      reject(new Error(`${this.name}: ${this.#waiting.size} were never answered (${some}, …); its link: ${link}`))
    }, 30_000)
    await promise
    clearTimeout(late)
  }

  ends(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#socket?.close()
  }

  #send(n: number): void {
    const roomId = this.#waiting.get(n)
    // Acknowledged since, after a link that was opened anew.
    if (roomId === undefined) return
    const input = { roomId, text: String(n), key: `key-${n}` }
    this.#say({ type: 'command', id: n, name: 'message:send', input })
  }

  #say(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame))
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === 'connected') for (const n of this.#waiting.keys()) this.#send(n)
    else if (frame.type === 'reply' && typeof frame.id === 'number') {
      this.#acknowledge(frame.id, frame.result as unknown as SentMessage)
    } else if (frame.type === 'reply') this.#noteRead(String(frame.id), frame.result as unknown as Receipt)
    else if (frame.type === 'error' && (frame.retry !== 'never' || frame.code === 'shutting_down')) {
      this.refused++
      if (typeof frame.id === 'number') setTimeout(() => this.#send(Number(frame.id)), retryMs)
    } else if (frame.type === 'error') this.faults.push(`${this.name} ${frame.id}: ${frame.code} ${frame.message}`)
  }

  #acknowledge(n: number, { message }: SentMessage): void {
    const { number, id, roomId, text } = message
    if (text !== String(n)) this.faults.push(`${n} was acknowledged as ${text}`)
    const before = this.acknowledged.get(n)
    if (before && before.id !== id) this.faults.push(`${n} was acknowledged as ${before.id} and as ${id}`)
    this.acknowledged.set(n, { number, id, roomId })
    this.#waiting.delete(n)
    if (n % 10 === 0) {
      this.#say({ type: 'command', id: `read ${roomId}`, name: 'message:read', input: { roomId, number } })
    }
    if (this.#waiting.size === 0) this.#idle?.()
  }

  #noteRead(id: string, { read }: Receipt): void {
    const room = id.slice('read '.length)
    const before = this.read.get(room) ?? 0
    if (read < before) this.faults.push(`${this.name} had read ${before} of ${room}, and then ${read}`)
    this.read.set(room, read)
  }
}
