/** Engine.IO and Socket.IO by hand, packet by packet: what a client that knows nothing of ours would send and see. */
import { Mailbox } from '@fanfare/testkit'

export const separator = '\u001e'

export type Opened = {
  readonly sid: string
  readonly upgrades: readonly string[]
  readonly pingInterval: number
  readonly pingTimeout: number
  readonly maxPayload: number
}

export type Place = {
  /** `http://…`, without a path. */
  readonly url: string
  /** @default '/socket.io/' */
  readonly path?: string
}

export const addressOf = ({ url, path = '/socket.io/' }: Place, query: string): string => `${url}${path}?${query}`

/** The open packet of a payload or message. */
export const readOpen = (packet: string): Opened => {
  if (!packet.startsWith('0')) throw new Error(`This opens no session: ${packet}`)
  return JSON.parse(packet.slice(1)) as Opened
}

/** A session over long-polling. */
export class Polling {
  readonly place: Place
  readonly opened: Opened
  readonly #query: string

  constructor(place: Place, opened: Opened) {
    this.place = place
    this.opened = opened
    this.#query = `EIO=4&transport=polling&sid=${opened.sid}`
  }

  get(init: RequestInit = {}): Promise<Response> {
    return fetch(addressOf(this.place, this.#query), init)
  }

  post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(addressOf(this.place, this.#query), {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
    })
  }

  /** What the next poll brings. */
  async hears(): Promise<string> {
    const response = await this.get()
    if (response.status !== 200) throw new Error(`The poll was refused: ${response.status} ${await response.text()}`)
    return response.text()
  }

  /** Polls until so many packets came that are no pings, and answers the pings. */
  async packets(count: number): Promise<readonly string[]> {
    const found: string[] = []
    while (found.length < count) {
      for (const packet of (await this.hears()).split(separator)) {
        if (packet === '2') await this.post('3')
        else found.push(packet)
      }
    }
    return found
  }

  async says(body: string): Promise<void> {
    const response = await this.post(body)
    const text = await response.text()
    if (response.status !== 200 || text !== 'ok') throw new Error(`The post was refused: ${response.status} ${text}`)
  }

  /** Opens the WebSocket of an upgrade and leaves the rest to the test. */
  upgrade(): Wire {
    return new Wire(this.place, `EIO=4&transport=websocket&sid=${this.opened.sid}`)
  }

  /** Polling to WebSocket, in the order that clients keep: the probe, its answer, the noop, the upgrade. */
  async upgraded(): Promise<Wire> {
    const wire = this.upgrade()
    await wire.opened()
    wire.sends('2probe')
    const answer = await wire.next()
    if (answer !== '3probe') throw new Error(`The probe was answered with ${String(answer)}`)
    await this.hears()
    wire.sends('5')
    return wire
  }
}

export const openPolling = async (place: Place): Promise<Polling> => {
  const response = await fetch(addressOf(place, 'EIO=4&transport=polling'))
  if (response.status !== 200) throw new Error(`No session: ${response.status} ${await response.text()}`)
  return new Polling(place, readOpen(await response.text()))
}

type Message = string | Uint8Array

/** A WebSocket that keeps what it hears. */
export class Wire implements Disposable {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #heard = new Mailbox<Message>('the wire')
  readonly #socket: WebSocket

  constructor(place: Place, query = 'EIO=4&transport=websocket') {
    this.#socket = new WebSocket(addressOf(place, query).replace(/^http/, 'ws'))
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }) => {
      this.#heard.put(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
    })
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
    })
  }

  /** Resolves when the socket is open; rejects when it closes first. */
  async opened(): Promise<this> {
    if (this.#socket.readyState === WebSocket.OPEN) return this
    await Promise.race([
      new Promise((resolve) => this.#socket.addEventListener('open', resolve, { once: true })),
      this.closed.then(({ code }) => Promise.reject(new Error(`The wire closed: ${code}`))),
    ])
    return this
  }

  sends(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message)
  }

  /** Whatever comes next, pings too. */
  next(): Promise<Message> {
    return this.#heard.take('a message', () => true, 5_000)
  }

  /** The next message that is no ping; pings are answered. */
  async hears(): Promise<Message> {
    for (;;) {
      const message = await this.next()
      if (message !== '2') return message
      this.sends('3')
    }
  }

  /** Goes on as a good client does until the server closes; what was heard meanwhile. */
  async ends(withinMs = 5_000): Promise<readonly Message[]> {
    const heard: Message[] = []
    let isOver = false
    const listen = async () => {
      while (!isOver) heard.push(await this.hears())
    }
    listen().catch(() => {})
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`The server did not close in ${withinMs} ms`)), withinMs)
    try {
      await Promise.race([this.closed, late.promise])
    } finally {
      clearTimeout(timer)
      isOver = true
    }
    return heard
  }

  /** What was heard and nobody took. */
  get waiting(): readonly Message[] {
    return this.#heard.items
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

export const openWire = async (place: Place): Promise<{ readonly wire: Wire; readonly opened: Opened }> => {
  const wire = new Wire(place)
  return { wire, opened: readOpen(String(await wire.next())) }
}

/** A WebSocket session that has joined the main namespace of the conformance application and heard its greeting. */
export const connectWire = async (place: Place, auth = ''): Promise<Wire> => {
  const { wire } = await openWire(place)
  wire.sends(`40${auth}`)
  const answer = String(await wire.hears())
  if (!answer.startsWith('40{')) throw new Error(`The connection was refused: ${answer}`)
  await wire.hears()
  return wire
}

/** The same over polling. */
export const connectPolling = async (place: Place): Promise<Polling> => {
  const polling = await openPolling(place)
  await polling.says('40')
  await polling.packets(2)
  return polling
}
