/**
 * Fan-out: one publisher, many subscribers of one room or of many rooms, so many messages in flight, to the rooms in turn. A
 * message has landed when every subscriber of its room has it; then the next is sent. Each subscriber's numbers must rise by
 * the number of rooms: nothing lost, doubled or reordered.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { digits, numbers, payloadBytes } from '../lib/payload.ts'
import type { Connection, Receiver } from './connection.ts'
import { Crowd, publisherOf } from './crowd.ts'
import { type Contender, type Dialect, dialects } from './dialects.ts'
import { NumberPlace } from './number-place.ts'
import { Publishes } from './publishes.ts'
import { whileMoving } from './within.ts'

export type FanoutOptions = {
  readonly contender: Contender
  readonly port: number
  readonly subscribers: number
  /** Over which they are spread evenly; divides a million. @default 1 */
  readonly rooms?: number
}
export type RoundOptions = {
  /** At most 64. */
  readonly inFlight: number
  readonly ms: number
  /** Of a payload. @default `payloadBytes` */
  readonly bytes?: number
}
export type FanoutRound = {
  readonly deliveries: number
  readonly seconds: number
  /** The load's own processor time: near `seconds`, the load was the limit. */
  readonly loadSeconds: number
  /** Frames that were not the next of their subscriber. */
  readonly wrong: number
  /** Of one message with all that is around it, but for headers of the link. */
  readonly frameBytes: number
}

const mostInFlight = 64

/** Of a fixed width, so that what follows a room's name stays in its place. */
const roomOf = (index: number): string => `memory:${String(index).padStart(6, '0')}`

export class Fanout implements Receiver {
  readonly #options: FanoutOptions
  readonly #dialect: Dialect
  #publishes: Publishes
  readonly #rooms: number
  readonly #readers: number
  #place: NumberPlace
  #bytes = 0
  /** The number that each subscriber must see next. */
  readonly #next: Int32Array
  /** How many subscribers have the message, by its number modulo the most in flight. */
  readonly #landed = new Int32Array(mostInFlight)
  #publisher: Connection | undefined
  #published = 0
  #complete = 0
  #deliveries = 0
  #wrong = 0
  #inFlight = 1
  #until = 0
  #finished: (() => void) | undefined

  constructor(options: FanoutOptions) {
    const { contender, subscribers, rooms = 1 } = options
    this.#options = options
    this.#rooms = rooms
    this.#readers = subscribers / rooms
    this.#dialect = dialects[contender]
    this.#next = Int32Array.from({ length: subscribers }, (_, index) => this.#roomOf(index))
    this.#place = this.#placeOf(payloadBytes)
    this.#publishes = this.#publishesOf(payloadBytes)
  }

  #placeOf(bytes: number): NumberPlace {
    return new NumberPlace(this.#dialect.counted ?? 'start', bytes)
  }

  #publishesOf(bytes: number): Publishes {
    const { publish, link } = publisherOf(this.#dialect)
    const texts = Array.from({ length: this.#rooms }, (_, room) => publish(roomOf(room), undefined, bytes))
    return new Publishes(texts, mostInFlight, link)
  }

  #roomOf(subscriber: number): number {
    return Math.floor(subscriber / this.#readers)
  }

  async open(): Promise<void> {
    const { contender, port, subscribers } = this.#options
    const rooms = (index: number) => [roomOf(this.#roomOf(index))]
    await new Crowd({ contender, port, count: subscribers, rooms, receiver: this }).open()
    const dialect = publisherOf(this.#dialect)
    const aside: Receiver = {
      frame: (connection, bytes, start, end) => answer(dialect, connection, bytes.subarray(start, end)),
    }
    const publisher = new Crowd({ contender, port, as: 'publishers', count: 1, from: subscribers, receiver: aside })
    await publisher.open()
    this.#publisher = publisher.connections[0]
  }

  async round({ inFlight, ms, bytes = payloadBytes }: RoundOptions): Promise<FanoutRound> {
    this.#speak(bytes)
    const cpu = process.cpuUsage()
    const start = performance.now()
    this.#inFlight = inFlight
    this.#until = start + ms
    this.#deliveries = 0
    this.#wrong = 0
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    this.#publish(inFlight)
    await whileMoving(20_000, finished, { moved: () => this.#deliveries, why: () => this.#missing() })
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return {
      deliveries: this.#deliveries,
      seconds,
      loadSeconds: (user + system) / 1e6,
      wrong: this.#wrong,
      frameBytes: this.#place.frameBytes,
    }
  }

  #speak(bytes: number): void {
    if (this.#bytes === bytes) return
    this.#bytes = bytes
    this.#place = this.#placeOf(bytes)
    this.#publishes = this.#publishesOf(bytes)
  }

  frame(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#place.find(bytes, start, end)
    if (at < 0) {
      answer(this.#dialect, connection, bytes.subarray(start, end))
      return
    }
    let number = 0
    for (let digit = at, last = at + digits; digit < last; digit++) number = number * 10 + bytes[digit]! - 48
    const { index } = connection
    if (number !== this.#next[index]) this.#wrong++
    this.#next[index] = (number + this.#rooms) % numbers
    this.#deliveries++
    this.#landed[number % mostInFlight]!++
  }

  /** All messages that have landed everywhere make room for as many new ones, sent at once. */
  chunk(): void {
    let landed = 0
    while (this.#complete < this.#published && this.#landed[this.#complete % mostInFlight] === this.#readers) {
      this.#landed[this.#complete % mostInFlight] = 0
      this.#complete++
      landed++
    }
    if (landed === 0) return
    if (performance.now() < this.#until) this.#publish(this.#inFlight - (this.#published - this.#complete))
    else if (this.#complete === this.#published) this.#finished?.()
  }

  #missing(): string {
    const { contender } = this.#options
    const missing = `${this.#published - this.#complete} of ${this.#published} messages did not reach every subscriber`
    return `${contender}: ${missing}; the first of them reached ${this.#landed[this.#complete % mostInFlight]} of ${this.#readers}`
  }

  #publish(count: number): void {
    this.#publisher?.send(this.#publishes.bytes(this.#published, count))
    this.#published += count
  }
}

const answer = (dialect: Dialect, connection: Connection, frame: Uint8Array): void => {
  const text = dialect.aside(Buffer.from(frame).toString())
  if (text !== undefined) connection.sendText(text)
}
