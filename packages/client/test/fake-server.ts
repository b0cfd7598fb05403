/** A scripted server and a clock moved by hand, for tests of the client alone. No socket, no real time. */
import type { ClientFrame, ConnectedFrame, RoomEvent, ServerFrame } from '@fanfare/protocol'
import { type Client, type ClientOptions, createClient } from '../src/index.ts'
import type { Clock, PageListeners, Timer } from '../src/surroundings.ts'

/** Lets every promise that can settle do so. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1)
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#now = Math.max(this.#now, due.at)
      this.#timers.delete(due)
      due.callback()
      await settle()
    }
    this.#now = until
  }
}

/** The server's end of one socket. */
export class FakeSocket {
  readyState = 0
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly sent: ClientFrame[] = []
  closedWith: number | undefined
  readonly url: string
  readonly protocols: string[]
  /** What the server agreed to. */
  protocol = 'fanfare.v1'

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
  }

  // ── what the client calls
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  close(code = 1005): void {
    this.readyState = 3
    this.closedWith ??= code
  }

  // ── what a test calls
  opens(): void {
    this.readyState = 1
    this.onopen?.({} as never)
  }
  says(...frames: ServerFrame[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) } as never)
  }
  /** All of them in one message. */
  saysTogether(...frames: ServerFrame[]): void {
    this.onmessage?.({ data: frames.map((frame) => JSON.stringify(frame)).join('\n') } as never)
  }
  drops(code = 1006, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason } as never)
  }
  frames<Type extends ClientFrame['type']>(type: Type): (ClientFrame & { type: Type })[] {
    return this.sent.filter((frame): frame is ClientFrame & { type: Type } => frame.type === type)
  }
  last<Type extends ClientFrame['type']>(type: Type): ClientFrame & { type: Type } {
    const frame = this.frames(type).at(-1)
    if (!frame) throw new Error(`The client sent no ${type}.`)
    return frame
  }
  /** Answers the latest `subscribe`, for one room. */
  subscribes(room: string, offset: number, more: Partial<ServerFrame & { type: 'subscription' }> = {}): void {
    const { id } = this.last('subscribe')
    const base = { type: 'subscription', room, status: 'subscribed', epoch: 'e1', offset, delivery: 'every' } as const
    this.says({ ...base, ...(id === undefined ? {} : { id }), ...more } as ServerFrame)
  }
}

export const greeting = (more: Partial<ConnectedFrame> = {}): ConnectedFrame => ({
  type: 'connected',
  session: 's1',
  tenantId: 'acme',
  userId: 'ann',
  expiresAt: '2026-01-01T01:00:00.000Z',
  timestamp: '2026-01-01T00:00:00.000Z',
  pingIntervalMs: 25_000,
  pongTimeoutMs: 8_000,
  message: 'hello',
  ...more,
})

export const eventOf = (room: string, offset: number, data: RoomEvent['data'] = offset): RoomEvent => ({
  id: `id-${offset}`,
  type: 'note',
  tenantId: 'acme',
  room,
  offset,
  data,
  timestamp: '2026-01-01T00:00:00.000Z',
})

export const said = (room: string, offset: number): ServerFrame => ({ type: 'event', event: eventOf(room, offset) })

export class FakeWorld {
  readonly clock = new FakeClock()
  readonly sockets: FakeSocket[] = []
  readonly reported: unknown[] = []
  readonly client: Client
  isOnline = true
  watchers: PageListeners[] = []
  #keys = 0

  constructor(options: Partial<ClientOptions> = {}) {
    const world = this
    this.client = createClient({
      url: 'http://server.test',
      token: 'token-1',
      ...options,
      surroundings: {
        WebSocket: class extends FakeSocket {
          constructor(url: string, protocols: string[]) {
            super(url, protocols)
            world.sockets.push(this)
          }
        },
        fetch: undefined,
        clock: this.clock,
        random: () => 0,
        makeKey: () => `key-${++this.#keys}`,
        report: (error) => this.reported.push(error),
        page: {
          online: () => this.isOnline,
          watch: (listeners) => {
            this.watchers.push(listeners)
            return () => {
              this.watchers = this.watchers.filter((other) => other !== listeners)
            }
          },
        },
        ...options.surroundings,
      },
    })
  }

  get status(): string {
    return this.client.state.getSnapshot().status
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('The client opened no socket.')
    return socket
  }

  /** Lets the client open its next socket and greets it. */
  async accept(more: Partial<ConnectedFrame> = {}): Promise<FakeSocket> {
    await settle()
    this.socket.opens()
    this.socket.says(greeting(more))
    await settle()
    return this.socket
  }

  /** The link ends; whether the client opens another within its longest wait. */
  async comesBack(close?: number): Promise<boolean> {
    const before = this.sockets.length
    this.socket.drops(close)
    for (let waited = 0; waited <= 30_000 && this.sockets.length === before; waited += 500) {
      await this.clock.advance(500)
    }
    return this.sockets.length > before
  }

  /** The link breaks; the client comes back by itself and is greeted again. */
  async reconnect(): Promise<FakeSocket> {
    if (!(await this.comesBack())) throw new Error('The client did not come back.')
    return this.accept()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.client.close()
    await this.clock.advance(10_000)
    await closing
  }
}
