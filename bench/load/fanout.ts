/**
 * Fan-out: one publisher, many subscribers of one room, so many messages in flight. A message has landed when every
 * subscriber has it; then the next is sent. Each subscriber's numbers must rise by one: nothing lost, doubled or reordered.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { beforeNumber, digits, numbers, payloadBytes, payloadOf } from '../lib/payload.ts'
import type { Connection, Receiver } from './connection.ts'
import { Crowd } from './crowd.ts'
import { type Contender, dialects } from './dialects.ts'
import { Template } from './template.ts'
import { within } from './within.ts'

export type FanoutOptions = { readonly contender: Contender; readonly port: number; readonly subscribers: number }
export type RoundOptions = { readonly inFlight: number; readonly ms: number }
export type FanoutRound = {
  readonly deliveries: number
  readonly seconds: number
  /** The load's own processor time: near `seconds`, the load was the limit. */
  readonly loadSeconds: number
  /** Frames that were not the next of their subscriber. */
  readonly wrong: number
  /** Of one frame with its WebSocket header. */
  readonly frameBytes: number
}

const room = 'memory:fanout'
const mostInFlight = 64

export class Fanout implements Receiver {
  readonly #options: FanoutOptions
  readonly #template: Template
  readonly #next: Int32Array
  /** How many subscribers have the message, by its number modulo the most in flight. */
  readonly #landed = new Int32Array(mostInFlight)
  #publisher: Connection | undefined
  #numberAt = 0
  #frameBytes = 0
  #published = 0
  #complete = 0
  #deliveries = 0
  #wrong = 0
  #inFlight = 1
  #until = 0
  #finished: (() => void) | undefined

  constructor(options: FanoutOptions) {
    this.#options = options
    this.#template = new Template(dialects[options.contender].publish(room), mostInFlight)
    this.#next = new Int32Array(options.subscribers)
  }

  async open(): Promise<void> {
    const { contender, port, subscribers } = this.#options
    await new Crowd({ contender, port, count: subscribers, rooms: () => [room], receiver: this }).open()
    const aside: Receiver = {
      frame: (connection, bytes, start, end) => this.#aside(connection, bytes.subarray(start, end)),
    }
    const publisher = new Crowd({ contender, port, count: 1, from: subscribers, receiver: aside })
    await publisher.open()
    this.#publisher = publisher.connections[0]
  }

  async round({ inFlight, ms }: RoundOptions): Promise<FanoutRound> {
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
    await within(ms + 20_000, finished, () => this.#missing())
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return {
      deliveries: this.#deliveries,
      seconds,
      loadSeconds: (user + system) / 1e6,
      wrong: this.#wrong,
      frameBytes: this.#frameBytes,
    }
  }

  frame(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    if (end - start < payloadBytes) {
      this.#aside(connection, bytes.subarray(start, end))
      return
    }
    if (this.#numberAt === 0) this.#learn(bytes.subarray(start, end))
    let number = 0
    for (let at = start + this.#numberAt, last = at + digits; at < last; at++) number = number * 10 + bytes[at]! - 48
    const { index } = connection
    if (number !== this.#next[index]) this.#wrong++
    this.#next[index] = (number + 1) % numbers
    this.#deliveries++
    this.#landed[number % mostInFlight]!++
  }

  /** All messages that have landed everywhere make room for as many new ones, sent at once. */
  chunk(): void {
    let landed = 0
    while (
      this.#complete < this.#published &&
      this.#landed[this.#complete % mostInFlight] === this.#options.subscribers
    ) {
      this.#landed[this.#complete % mostInFlight] = 0
      this.#complete++
      landed++
    }
    if (landed === 0) return
    if (performance.now() < this.#until) this.#publish(this.#inFlight - (this.#published - this.#complete))
    else if (this.#complete === this.#published) this.#finished?.()
  }

  #missing(): string {
    return `${this.#published - this.#complete} of ${this.#published} messages did not reach every subscriber`
  }

  #publish(count: number): void {
    this.#publisher?.send(this.#template.frames(this.#published, count))
    this.#published += count
  }

  /** Where in a frame the number is: in every contender's frames, all that stands before it has a fixed width. */
  #learn(frame: Uint8Array): void {
    const text = Buffer.from(frame).toString('latin1')
    const at = text.lastIndexOf(beforeNumber)
    if (at < 0 || !text.includes(payloadOf(0).slice(0, 100))) throw new Error(`no event of ours: ${text.slice(0, 300)}`)
    this.#numberAt = at + beforeNumber.length
    this.#frameBytes = text.length + (text.length < 126 ? 2 : 4)
  }

  #aside(connection: Connection, frame: Uint8Array): void {
    const answer = dialects[this.#options.contender].aside(Buffer.from(frame).toString())
    if (answer !== undefined) connection.sendText(answer)
  }
}
