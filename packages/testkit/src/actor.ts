/** A client in a test, close to the wire: it says frames and hears frames. `packages/client` is tested through it, never with it. */
import {
  type ClientFrame,
  codeOfClose,
  decodeServerFrame,
  type ErrorFrame,
  type EventFrame,
  encodeClientFrame,
  FanfareError,
  type HistoryPage,
  type Json,
  type PublishResult,
  type ReplyFrame,
  type RoomEvent,
  type ServerFrame,
  type Since,
  type SubscriptionFrame,
} from '@fanfare/protocol'
import { Mailbox } from './mailbox.ts'
import { openSocket, type TestSocket } from './unsafe.ts'

export type Closed = { readonly code: number; readonly reason: string }

export type ActorOptions = {
  readonly name: string
  /** The address of the link, `ws://…`. */
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers?: { readonly [name: string]: string }
}

type Subscribed = SubscriptionFrame & { status: 'subscribed' }

export class Actor {
  readonly name: string
  readonly socket: TestSocket
  readonly frames: Mailbox<ServerFrame>
  readonly closed: Promise<Closed>
  /** Every event heard, in order, whether a test took it or not. */
  readonly heard: RoomEvent[] = []
  #nextId = 1

  constructor(options: ActorOptions) {
    this.name = options.name
    this.frames = new Mailbox(options.name)
    this.socket = openSocket(options.url, { protocols: [...options.protocols], headers: options.headers ?? {} })
    this.socket.addEventListener('message', ({ data }) => this.#receive(String(data)))
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
    })
  }

  #receive(text: string): void {
    const frame = decodeServerFrame(text)
    if (!frame) return
    if (frame.type === 'event') this.heard.push(frame.event)
    this.frames.put(frame)
  }

  /** Resolves when the socket is open; rejects when it closes first. */
  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.OPEN) return this
    await Promise.race([
      new Promise((resolve) => this.socket.addEventListener('open', resolve, { once: true })),
      this.closed.then(({ code, reason }) =>
        Promise.reject(new Error(`${this.name}'s link closed: ${code} ${reason}`)),
      ),
    ])
    return this
  }

  sends(frame: ClientFrame): void {
    this.socket.send(encodeClientFrame(frame))
  }

  /** Text as it is, for what no client would send. */
  sendsRaw(text: string | Uint8Array<ArrayBuffer>): void {
    this.socket.send(text)
  }

  /** Sends with an id; the result of the reply, or the error thrown. */
  async asks(frame: ClientFrame): Promise<Json> {
    const id = `${this.name}-${this.#nextId++}`
    this.sends({ ...frame, id })
    const answer = await this.frames.take(
      `an answer to ${frame.type}`,
      (came): came is ReplyFrame | ErrorFrame => (came.type === 'reply' || came.type === 'error') && came.id === id,
    )
    if (answer.type === 'reply') return answer.result
    const options = answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }
    throw new FanfareError(answer.code, answer.message, options)
  }

  /** Subscribes and waits for the answer about this room. */
  async joins(room: string, since?: Since): Promise<Subscribed> {
    const frame = { type: 'subscribe', room, ...(since === undefined ? {} : { since }) } as const
    return (await this.#asksRoom(frame)) as Subscribed
  }

  async leaves(room: string): Promise<void> {
    await this.#asksRoom({ type: 'unsubscribe', room })
  }

  async #asksRoom(
    frame: Extract<ClientFrame, { room: string; type: 'subscribe' | 'unsubscribe' }>,
  ): Promise<SubscriptionFrame> {
    const id = `${this.name}-${this.#nextId++}`
    this.sends({ ...frame, id })
    const answer = await this.frames.take(
      `the answer to ${frame.type} ${frame.room}`,
      (came): came is SubscriptionFrame | ErrorFrame =>
        (came.type === 'subscription' || came.type === 'error') && came.id === id,
    )
    if (answer.type === 'error') throw new FanfareError(answer.code, answer.message)
    return answer
  }

  async says(room: string, event: string, data: Json, key?: string): Promise<PublishResult> {
    const result = await this.asks({ type: 'publish', room, event, data, ...(key === undefined ? {} : { key }) })
    return result as PublishResult
  }

  /** Runs a command; what it answers, or the error thrown. */
  async runs<Answer = Json>(name: string, input: Json, key?: string): Promise<Answer> {
    return (await this.asks({ type: 'command', name, input, ...(key === undefined ? {} : { key }) })) as Answer
  }

  /** The next event of this type. */
  async hears(type: string, timeoutMs?: number): Promise<RoomEvent> {
    const match = (came: ServerFrame): came is EventFrame => came.type === 'event' && came.event.type === type
    return (await this.frames.take(`an event ${type}`, match, timeoutMs)).event
  }

  /** The next frame of this type. */
  sees<Type extends ServerFrame['type']>(
    type: Type,
    timeoutMs?: number,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    type Wanted = Extract<ServerFrame, { type: Type }>
    return this.frames.take(`a ${type} frame`, (came): came is Wanted => came.type === type, timeoutMs)
  }

  async reads(room: string, page: { limit?: number } = {}): Promise<HistoryPage> {
    return (await this.asks({ type: 'history', room, ...page })) as HistoryPage
  }

  /** Says goodbye. */
  async goes(): Promise<Closed> {
    this.socket.close(1000)
    return this.closed
  }

  /** Vanishes without a goodbye, as a phone in a lift does. */
  async drops(): Promise<Closed> {
    this.socket.terminate()
    return this.closed
  }
}

/** What a close code means to a client. */
export const meaningOf = (closed: Closed): string => codeOfClose(closed.code) ?? String(closed.code)
