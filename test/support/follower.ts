/**
 * A reader that costs little, many of which fit into one process: remembers where it is in each room instead of what it
 * heard, comes back where it was, and writes down every break of the promise: once, in order, without a hole.
 */
import type { Position, ServerFrame } from '@fanfare/protocol'

export type FollowerOptions = {
  readonly name: string
  /** `ws://…`, now: it may be another when it comes back. */
  readonly url: string | (() => string)
  readonly token: string
  /** Asks again for a room that it is not let into yet, instead of writing that down. @default false */
  readonly persists?: boolean
  /** Called for every event, after it was judged. */
  readonly heard?: (room: string, offset: number, data: unknown) => void
}

type Place = { readonly epoch: string; offset: number; subscribed: boolean }
type Wish = { readonly ready: () => boolean; readonly resolve: () => void }

const eventStart = '{"type":"event"'
const roomMember = '"room":"'
const offsetMember = '"offset":'
const askAgainMs = 100

export class Follower {
  readonly faults: string[] = []
  readonly name: string
  /** Where it is, or was when the link broke. */
  readonly places = new Map<string, Place>()
  events = 0
  /** Of {@link events}, those of each room. */
  readonly heardIn = new Map<string, number>()
  gaps = 0
  /** Of {@link gaps}, those of each room. */
  readonly gapsIn = new Map<string, number>()
  /** The hint of the last `reconnect` frame, ms. */
  comeBackAfterMs: number | undefined
  closedWith: number | undefined
  /** The code of the last close, also when it has come back since; and how many there were. */
  lastClosing: number | undefined
  closings = 0
  readonly #options: FollowerOptions
  #socket: WebSocket | undefined
  #wishes: Wish[] = []
  /** Offsets from which it asked to go on, by room. */
  readonly #asked = new Map<string, Set<number>>()
  /** Rooms that the test wants it to be in. */
  readonly #wanted = new Set<string>()

  constructor(options: FollowerOptions) {
    this.#options = options
    this.name = options.name
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Opens a link and resumes every room where it was. Rejects when the link does not open. */
  async connects(): Promise<void> {
    const { url, token } = this.#options
    const socket = new WebSocket(typeof url === 'string' ? url : url(), ['fanfare.v1', `bearer.${token}`])
    this.#socket = socket
    this.closedWith = undefined
    this.places.forEach((place) => {
      place.subscribed = false
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', ({ code }) => {
      if (socket !== this.#socket) return
      this.closedWith = code
      this.lastClosing = code
      this.closings++
      for (const place of this.places.values()) place.subscribed = false
      reject(new Error(`${this.name}'s link closed: ${code}`))
      this.#look()
    })
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#take(String(data))
    })
    await promise
    const rooms = [...this.#wanted].map((room) => {
      const at = this.places.get(room)
      return { room, ...this.#from(room, at) }
    })
    if (rooms.length > 0) socket.send(JSON.stringify({ type: 'subscribe', rooms }))
  }

  enters(room: string, since?: Position): void {
    this.#wanted.add(room)
    this.#socket?.send(JSON.stringify({ type: 'subscribe', room, ...this.#from(room, since) }))
  }

  #from(room: string, position: Position | undefined): { since?: Position } {
    if (!position) return {}
    const { epoch, offset } = position
    this.#asked.set(room, (this.#asked.get(room) ?? new Set()).add(offset))
    return { since: { epoch, offset } }
  }

  leaves(room: string): void {
    this.#wanted.delete(room)
    this.#socket?.send(JSON.stringify({ type: 'unsubscribe', room }))
  }

  /** Goes away without a word. */
  drops(): void {
    const socket = this.#socket as (WebSocket & { terminate(): void }) | undefined
    this.#socket = undefined
    socket?.terminate()
  }

  /** Resolves when the condition holds, which is looked at after every frame; rejects after `timeoutMs`. */
  until(what: string, ready: () => boolean, timeoutMs = 20_000): Promise<void> {
    if (ready()) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      const link = this.closedWith === undefined ? 'open' : `closed with ${this.closedWith}`
      const places = JSON.stringify([...this.places])
      reject(
        new Error(
          `${this.name} waited ${timeoutMs} ms for ${what}; its link is ${link}, it is at ${places}. ${this.faults.join('; ')}`,
        ),
      )
    }, timeoutMs)
    this.#wishes.push({
      ready,
      resolve: () => {
        clearTimeout(timer)
        resolve()
      },
    })
    return promise
  }

  /** Resolves when it is in the room, at this offset or beyond. */
  reaches(room: string, offset = 0, timeoutMs?: number): Promise<void> {
    const there = () => {
      const place = this.places.get(room)
      return place?.subscribed === true && place.offset >= offset
    }
    return this.until(`offset ${offset} of ${room}`, there, timeoutMs)
  }

  #look(): void {
    if (this.#wishes.length === 0) return
    const granted = this.#wishes.filter(({ ready }) => ready())
    if (granted.length === 0) return
    this.#wishes = this.#wishes.filter((wish) => !granted.includes(wish))
    for (const { resolve } of granted) resolve()
  }

  /** Nine in ten frames are events, of which only the room and the offset matter: they are not parsed whole. */
  #take(text: string): void {
    if (this.#options.heard || !text.startsWith(eventStart)) {
      this.#hear(JSON.parse(text) as ServerFrame)
      return
    }
    const at = text.indexOf(roomMember) + roomMember.length
    const room = text.slice(at, text.indexOf('"', at))
    this.#follow(room, Number.parseInt(text.slice(text.lastIndexOf(offsetMember) + offsetMember.length), 10), undefined)
    this.#look()
  }

  #hear(frame: ServerFrame): void {
    switch (frame.type) {
      case 'event':
        this.#follow(frame.event.room, frame.event.offset, frame.event.data)
        break
      case 'subscription':
        this.#turn(frame)
        break
      case 'gap':
        this.#missed(frame.room)
        this.places.set(frame.room, { ...frame.to, subscribed: true })
        break
      case 'reconnect':
        this.comeBackAfterMs = frame.afterMs
        break
      case 'error':
        if (!this.#asksAgain(frame)) this.faults.push(`${this.name}: ${frame.code} ${frame.message}`)
    }
    this.#look()
  }

  #asksAgain({ code, retry, room }: ServerFrame & { type: 'error' }): boolean {
    if (!this.#options.persists || (retry === 'never' && code !== 'shutting_down')) return false
    const socket = this.#socket
    setTimeout(() => {
      if (room === undefined || socket !== this.#socket || !this.connected || !this.#wanted.has(room)) return
      this.enters(room, this.places.get(room))
    }, askAgainMs)
    return true
  }

  #turn(frame: ServerFrame & { type: 'subscription' }): void {
    const { room } = frame
    if (frame.status === 'unsubscribed') {
      this.places.delete(room)
      return
    }
    if (frame.recovered === false) this.#missed(room)
    if (frame.recovered && !this.#asked.get(room)?.has(frame.offset)) {
      this.faults.push(`${this.name}: ${room} recovers from ${frame.offset}, which it did not ask`)
    }
    this.places.set(room, { epoch: frame.epoch, offset: frame.offset, subscribed: true })
  }

  #missed(room: string): void {
    this.gaps++
    this.gapsIn.set(room, (this.gapsIn.get(room) ?? 0) + 1)
  }

  #follow(room: string, offset: number, data: unknown): void {
    this.events++
    this.heardIn.set(room, (this.heardIn.get(room) ?? 0) + 1)
    const place = this.places.get(room)
    if (!place) this.faults.push(`${this.name}: ${room} ${offset} without a subscription`)
    else {
      if (offset !== place.offset + 1) this.faults.push(`${this.name}: ${room} ${offset} after ${place.offset}`)
      place.offset = offset
    }
    this.#options.heard?.(room, offset, data)
  }
}
