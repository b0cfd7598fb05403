/**
 * A link for networks that let no WebSocket through: an event stream down, HTTP requests up, and the same frames as on a
 * WebSocket at this end. It owns the stream and its cursor; what happened before the stream is fetched by `stream-resume.ts`.
 */
import {
  type ClientFrame,
  defaultLimits,
  FanfareError,
  type FrameId,
  type RoomEvent,
  type ServerFrame,
  type Since,
  toFanfareError,
} from '@fanfare/protocol'
import type { Credential } from './credentials.ts'
import { EventStreamParser, type StreamBlock } from './event-stream-parser.ts'
import { errorFrameOf, type HttpOptions, openRequest, requestJson, requestOf } from './http-requests.ts'
import type { Address, Link, LinkEvents } from './link.ts'
import { StreamResume } from './stream-resume.ts'
import type { Clock, Fetch, Timer } from './surroundings.ts'

export type StreamLinkOptions = {
  readonly fetch: Fetch
  readonly address: Address
  readonly credential: Credential
  readonly clock: Clock
}

/** What a `subscribe` asked for and the stream has not answered yet. */
type Asked = { readonly id: FrameId | undefined; readonly since: Since | undefined }

/** The server comments every 15 s; longer silence means that the stream must be opened again. */
const greeting = {
  type: 'connected',
  session: '',
  tenantId: '',
  userId: '',
  expiresAt: '',
  timestamp: '',
  message: 'Connected over HTTP',
  pingIntervalMs: defaultLimits.pingIntervalMs,
  pongTimeoutMs: defaultLimits.pongTimeoutMs,
} as const

export const openStreamLink = (options: StreamLinkOptions, events: LinkEvents): Link => {
  const link = new StreamLink(options, events)
  void link.greet()
  return link
}

class StreamLink implements Link {
  readonly transport = 'event-stream'
  readonly #events: LinkEvents
  readonly #clock: Clock
  #http: HttpOptions
  /** The names of all rooms, asked and answered. */
  readonly #rooms = new Set<string>()
  readonly #asked = new Map<string, Asked>()
  readonly #resumes = new Map<string, StreamResume>()
  readonly #ending = new AbortController()
  #stream: AbortController | undefined
  #cursor = ''
  #reopening: Timer | undefined

  constructor(options: StreamLinkOptions, events: LinkEvents) {
    this.#events = events
    this.#clock = options.clock
    this.#http = options
  }

  /** A first request shows whether HTTP gets through at all; rooms come later. */
  async greet(): Promise<void> {
    await this.#guard(async () => {
      // Not with the credential: this proves the way, not who asks; and a ticket would be spent.
      await openRequest({ ...this.#http, credential: { kind: 'none' } }, { path: '/health', init: this.#init })
      this.#events.heard()
      this.#events.opened()
      this.#events.frame(greeting)
    })
  }

  send(frame: ClientFrame): void {
    if (this.#ending.signal.aborted) return
    switch (frame.type) {
      case 'auth':
        this.#authenticate(frame.token)
        return
      case 'subscribe':
        for (const request of 'rooms' in frame ? frame.rooms : [frame]) {
          this.#rooms.add(request.room)
          this.#asked.set(request.room, { id: frame.id, since: request.since })
        }
        this.#reopenSoon()
        return
      case 'unsubscribe':
        this.#forget(frame.room)
        this.#events.frame({ type: 'subscription', room: frame.room, status: 'unsubscribed', reason: 'asked' })
        this.#reopenSoon()
        return
      case 'ping':
        if (this.#rooms.size > 0) this.#reopenSoon()
        else void this.#checkAlive()
        return
      case 'pong':
        return
      default:
        void this.#request(frame)
    }
  }

  close(): void {
    this.#reopening?.cancel()
    this.#stream?.abort()
    this.#ending.abort()
  }

  get #init(): RequestInit {
    return { signal: this.#ending.signal }
  }

  /** Runs what may fail; a failure ends the link, unless it was closed meanwhile. */
  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#end(error)
    }
  }

  #end(error: unknown): void {
    if (this.#ending.signal.aborted) return
    this.close()
    this.#events.ended(error instanceof FanfareError ? error : unavailable(error))
  }

  #authenticate(token: string): void {
    const { credential } = this.#http
    if (credential.kind === 'token' && credential.token === token) return
    this.#http = { ...this.#http, credential: { kind: 'token', token } }
    // The stream's session ends with the token that opened it.
    if (this.#rooms.size > 0) this.#reopenSoon()
  }

  async #checkAlive(): Promise<void> {
    await this.#guard(async () => {
      await openRequest({ ...this.#http, credential: { kind: 'none' } }, { path: '/health', init: this.#init })
      this.#events.heard()
    })
  }

  async #request(frame: Exclude<ClientFrame, { type: 'auth' | 'subscribe' | 'unsubscribe' | 'ping' | 'pong' }>) {
    const request = requestOf(frame)
    if (!request || frame.id === undefined) return
    try {
      const result = await requestJson(this.#http, request, this.#ending.signal)
      this.#events.frame({ type: 'reply', id: frame.id, result })
    } catch (thrown) {
      if (this.#ending.signal.aborted) return
      const error = thrown instanceof FanfareError ? thrown : unavailable(thrown)
      // Who asks, and whether anybody answers, concern the link as a whole: a new one brings a new token.
      if (error.status === 401 || error.code === 'unavailable') this.#end(error)
      else this.#events.frame(errorFrameOf(error, { id: frame.id }))
    }
  }

  #forget(room: string): void {
    this.#rooms.delete(room)
    this.#asked.delete(room)
    this.#resumes.delete(room)
  }

  /** Once for all the changes of a turn. */
  #reopenSoon(): void {
    this.#reopening ??= this.#clock.after(0, () => {
      this.#reopening = undefined
      this.#stream?.abort()
      this.#stream = undefined
      this.#resumes.clear()
      if (this.#rooms.size > 0) void this.#run()
    })
  }

  async #run(): Promise<void> {
    const stream = new AbortController()
    this.#stream = stream
    try {
      await this.#read(stream)
      throw new FanfareError('unavailable', 'The event stream ended.')
    } catch (error) {
      // A stream that was replaced ends as it should.
      if (this.#stream !== stream) return
      const failure = toFanfareError(error)
      if (error instanceof FanfareError && failure.retry === 'never' && failure.status !== 401) this.#refuse(failure)
      else this.#end(error)
    }
  }

  /** The whole request was refused: the rooms that came last are to blame. */
  #refuse(error: FanfareError): void {
    if (this.#asked.size === 0) {
      this.#end(error)
      return
    }
    for (const [room, { id }] of [...this.#asked]) {
      this.#forget(room)
      this.#events.frame(errorFrameOf(error, id === undefined ? { room } : { id, room }))
    }
    this.#reopenSoon()
  }

  async #read(stream: AbortController): Promise<void> {
    const query = [...this.#rooms].map((room) => `room=${encodeURIComponent(room)}`).join('&')
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (this.#cursor) headers['last-event-id'] = this.#cursor
    const response = await openRequest(this.#http, {
      path: `/v1/stream?${query}`,
      init: { headers, signal: stream.signal },
    })
    if (!response.body) throw new FanfareError('unavailable', 'The event stream has no body.')
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    const parser = new EventStreamParser()
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (this.#stream !== stream) return
      this.#events.heard()
      for (const block of parser.push(decoder.decode(piece.value, { stream: true }))) {
        this.#take(block)
        if (this.#stream !== stream) return
      }
      // Without a data line a block still moves the cursor.
      if (parser.lastId) this.#cursor = parser.lastId
    }
  }

  #take(block: StreamBlock): void {
    if (block.id) this.#cursor = block.id
    const frame = frameOf(block)
    if (frame.type === 'subscription' && frame.status === 'subscribed') {
      this.#subscribed(frame)
      return
    }
    if (frame.type === 'error' && frame.room !== undefined) {
      const id = this.#asked.get(frame.room)?.id
      this.#forget(frame.room)
      this.#events.frame(id === undefined ? frame : { ...frame, id })
      return
    }
    if (frame.type === 'subscription') this.#forget(frame.room)
    if (frame.type === 'event') {
      const resume = this.#resumes.get(frame.event.room)
      if (resume) {
        resume.hold(frame)
        return
      }
    }
    this.#events.frame(frame)
  }

  #subscribed(frame: ServerFrame & { type: 'subscription'; status: 'subscribed' }): void {
    const asked = this.#asked.get(frame.room)
    this.#asked.delete(frame.room)
    const answer = asked?.id === undefined ? frame : { ...frame, id: asked.id }
    if (asked?.since === undefined) {
      this.#events.frame(answer)
      return
    }
    const resume = new StreamResume({
      since: asked.since,
      start: answer,
      read: (after) =>
        requestJson(
          this.#http,
          requestOf({ type: 'history', room: frame.room, after, limit: defaultLimits.replayEvents })!,
          this.#ending.signal,
        ),
      emit: (held) => {
        if (this.#resumes.get(frame.room) === resume) this.#events.frame(held)
      },
    })
    this.#resumes.set(frame.room, resume)
    void this.#guard(async () => {
      await resume.run()
      if (this.#resumes.get(frame.room) === resume) this.#resumes.delete(frame.room)
    })
  }
}

const unavailable = (cause: unknown): FanfareError =>
  new FanfareError('unavailable', 'The connection over HTTP broke.', { cause })

/** A block is an event of a room, or one of the native dialect's frames. Only an event has both `tenantId` and `offset`. */
const frameOf = (block: StreamBlock): ServerFrame => {
  const data = JSON.parse(block.data) as ServerFrame | RoomEvent
  return 'tenantId' in data && 'offset' in data ? { type: 'event', event: data } : (data as ServerFrame)
}
