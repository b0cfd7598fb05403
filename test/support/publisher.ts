/** Publishes numbers at a rate, each with a key of its own; what was not acknowledged when the link broke is sent again with the same key. */
import type { Durability, Json, Position, PublishResult, ServerFrame } from '@fanfare/protocol'

export type PublisherOptions = {
  readonly name: string
  readonly url: string
  readonly token: string
  readonly room: string
  /** What every acknowledgement must state. */
  readonly durability: Durability
  /** What is published for a number. @default `counted` with the number */
  readonly event?: (n: number) => { readonly event: string; readonly data: Json }
  /** Gives the next number, each once over all publishers. */
  readonly next: () => number
  /** What is answered with `unavailable` or `overloaded` is sent again, with the same key, after a while. @default it is a fault */
  readonly persists?: true
  /** That while, ms. @default 200 */
  readonly retryMs?: number
  /** How often it looks what is due. @default 5 ms; many publishers in one process look less often */
  readonly tickMs?: number
  /** While it says so nothing is published: the rate gives way, as for too many that are unanswered. */
  readonly holds?: () => boolean
  /** When a number was first sent, and when it was acknowledged; as `performance.now()`. */
  readonly sent?: (n: number) => void
}

export type Acknowledged = { readonly offset: number; readonly epoch: string; readonly id: string }

const counted = (n: number) => ({ event: 'counted', data: { n } })

const defaultTickMs = 5
/** Publishes that may wait for an answer; beyond it the rate gives way. */
const window = 2_000

export class Publisher {
  readonly acknowledged = new Map<number, Acknowledged>()
  readonly faults: string[] = []
  /** Answers that asked to try again. */
  refused = 0
  /** The newest position that was acknowledged. */
  top: Position | undefined
  readonly #options: PublisherOptions
  readonly #waiting = new Set<number>()
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #idle: (() => void) | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Opens a link and sends again what still waits. */
  async connects(): Promise<void> {
    const { url, token } = this.#options
    const socket = new WebSocket(url, ['fanfare.v1', `bearer.${token}`])
    this.#socket = socket
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', ({ code }) => {
      this.pauses()
      reject(new Error(`the publisher's link closed: ${code}`))
    })
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as ServerFrame))
    await promise
    for (const n of this.#waiting) this.#send(n)
  }

  /** Begins, or goes on, at a rate a second. */
  publishes(perSecond: number): void {
    const began = performance.now()
    let sent = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
      for (; sent < due; sent++) {
        if (this.#waiting.size >= window || this.#socket?.readyState !== WebSocket.OPEN) continue
        if (this.#options.holds?.()) continue
        const n = this.#options.next()
        this.#waiting.add(n)
        this.#options.sent?.(n)
        this.#send(n)
      }
    }, this.#options.tickMs ?? defaultTickMs)
  }

  pauses(): void {
    clearInterval(this.#timer)
  }

  /** Stops, and resolves when everything is acknowledged. */
  async finishes(): Promise<void> {
    this.pauses()
    if (this.#waiting.size === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#idle = resolve
    const timer = setTimeout(() => reject(new Error(`${this.#waiting.size} publishes were never answered`)), 20_000)
    await promise
    clearTimeout(timer)
  }

  closes(): void {
    this.pauses()
    this.#socket?.close()
  }

  #send(n: number): void {
    const { room, name, event = counted } = this.#options
    this.#socket?.send(JSON.stringify({ type: 'publish', id: n, room, ...event(n), key: `${name}-${n}` }))
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === 'reply') this.#acknowledge(Number(frame.id), frame.result as unknown as PublishResult)
    else if (frame.type === 'error' && this.#mayPersist(frame.code)) {
      this.refused++
      setTimeout(() => this.#send(Number(frame.id)), this.#options.retryMs ?? 200)
    } else if (frame.type === 'error') this.faults.push(`publish ${frame.id}: ${frame.code} ${frame.message}`)
  }

  #mayPersist(code: string): boolean {
    return this.#options.persists === true && (code === 'unavailable' || code === 'overloaded')
  }

  #acknowledge(n: number, { offset, epoch, id, durability }: PublishResult): void {
    if (durability !== this.#options.durability) this.faults.push(`publish ${n} is only in ${durability}`)
    this.#waiting.delete(n)
    this.acknowledged.set(n, { offset, epoch, id })
    this.top = { epoch, offset }
    if (this.#waiting.size === 0) this.#idle?.()
  }
}
