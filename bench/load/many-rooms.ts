/**
 * Many small rooms over several nodes: publishing at a fixed rate whatever the servers do, with the latency counted from when
 * each message was due; and a storm, in which everybody is cut off, misses some, and comes back at once where they were.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import type { Contender } from '../lib/contenders.ts'
import { beforeNumber, digits, numbers, payloadBytes, payloadOf } from '../lib/payload.ts'
import { percentileOf } from '../lib/statistics.ts'
import type { Connection, Receiver } from './connection.ts'
import { Crowd } from './crowd.ts'
import type { Dialect } from './dialect.ts'
import { dialects } from './dialects.ts'
import { Template } from './template.ts'
import { within } from './within.ts'

export type ManyRoomsOptions = {
  /** @default fanfare, which alone can have a storm */
  readonly contender?: Contender
  readonly ports: readonly number[]
  readonly connections: number
  readonly rooms: number
}
export type RateOptions = { readonly perSecond: number; readonly ms: number }
export type RateRound = {
  readonly deliveries: number
  readonly seconds: number
  readonly loadSeconds: number
  /** Frames that were not the next of their room. */
  readonly wrong: number
  /** Messages that did not come within 5 s after the last was sent. */
  readonly missing: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** How late the load itself was in sending, p99, ms. */
  readonly lateness: number
}
export type Storm = {
  readonly seconds: number
  readonly loadSeconds: number
  readonly recovered: number
  readonly wrong: number
  /** Until 95 of 100 had all that they missed, s. */
  readonly most: number
}

type Place = { epoch: string; offset: number }

const remembered = 1 << 16
const publishers = 16
/** Of each of them. */
const unanswered = 4

const numberIn = (text: string): number => {
  const at = text.lastIndexOf(beforeNumber) + beforeNumber.length
  return Number(text.slice(at, at + digits))
}

export class ManyRooms {
  readonly #options: ManyRoomsOptions
  readonly #templates: Template[] = []
  #crowds: Crowd[] = []
  /** The place of each connection in its room. */
  #places: Place[] = []
  /** The number that each connection must see next; -1 before the first. */
  #next: Int32Array
  readonly #dueAt = new Float64Array(remembered)
  #latencies: number[] = []
  #numberAt = 0
  #wrong = 0
  #published = 0
  #begun = 0

  constructor(options: ManyRoomsOptions) {
    this.#options = options
    this.#next = new Int32Array(options.connections).fill(-1)
  }

  get #contender(): Contender {
    return this.#options.contender ?? 'fanfare'
  }

  get #dialect(): Dialect {
    return dialects[this.#contender]
  }

  /** Of a fixed width, so that the number is at the same place in every frame. */
  #roomOf(connection: number): string {
    const { connections, rooms } = this.#options
    return this.#room(Math.floor((connection * rooms) / connections))
  }

  #room(index: number): string {
    return `memory:${String(index).padStart(6, '0')}`
  }

  async open(): Promise<void> {
    for (let index = 0; index < this.#options.rooms; index++) {
      this.#templates.push(new Template(this.#dialect.publish(this.#room(index)), 1))
    }
    this.#crowds = this.#crowdsOf({
      greeted: (index, text) => this.#place(index, text),
      frame: (index, bytes, start, end) => this.#take(index, { bytes, start, end }),
    })
    await Promise.all(this.#crowds.map((crowd) => crowd.open()))
  }

  /** Connection `i` of all is number `i / nodes` of node `i % nodes`; its room has members on every node. */
  #crowdsOf(does: {
    readonly greeted: (index: number, text: string) => void
    readonly frame: (index: number, bytes: Uint8Array, start: number, end: number) => void
    readonly since?: (index: number) => Place
  }): Crowd[] {
    const { ports, connections } = this.#options
    return ports.map((port, node) => {
      const indexOf = (local: number) => local * ports.length + node
      const receiver: Receiver = {
        frame: (connection, bytes, start, end) => {
          if (end - start >= payloadBytes) does.frame(indexOf(connection.index), bytes, start, end)
          else this.#aside(connection, Buffer.from(bytes.subarray(start, end)).toString())
        },
      }
      const { since } = does
      const places = new Map<string, Place>()
      return new Crowd({
        contender: this.#contender,
        port,
        count: connections / ports.length,
        from: node * connections,
        together: 128,
        rooms: (local) => {
          const room = this.#roomOf(indexOf(local))
          if (since) places.set(room, since(indexOf(local)))
          return [room]
        },
        ...(since === undefined ? {} : { since: (room: string) => places.get(room)! }),
        greeted: (local, text) => does.greeted(indexOf(local), text),
        receiver,
      })
    })
  }

  #place(index: number, text: string): void {
    if (!text.startsWith('{"type":"subscription"')) return
    const { epoch, offset } = JSON.parse(text) as Place
    this.#places[index] = { epoch, offset }
  }

  #take(index: number, { bytes, start, end }: { bytes: Uint8Array; start: number; end: number }): void {
    if (this.#numberAt === 0) this.#learn(bytes.subarray(start, end))
    let number = 0
    for (let at = start + this.#numberAt, last = at + digits; at < last; at++) number = number * 10 + bytes[at]! - 48
    const expected = this.#next[index]!
    if (number < 0 || (expected >= 0 && number !== expected)) this.#wrong++
    this.#next[index] = (number + this.#options.rooms) % numbers
    const place = this.#places[index]
    if (place) place.offset++
    this.#latencies.push(performance.now() - this.#dueAt[number % remembered]!)
  }

  #aside(connection: Connection, text: string): void {
    const answer = this.#dialect.aside(text)
    if (answer !== undefined) connection.sendText(answer)
  }

  #learn(frame: Uint8Array): void {
    const text = Buffer.from(frame).toString('latin1')
    const at = text.lastIndexOf(beforeNumber)
    if (at < 0) throw new Error(`no event of ours: ${text.slice(0, 300)}`)
    this.#numberAt = at + beforeNumber.length
  }

  /** The message `n` goes to room `n` modulo the rooms, sent by a member of it; the nodes of the senders take turns. */
  async rate({ perSecond, ms }: RateOptions): Promise<RateRound> {
    const { connections, rooms, ports } = this.#options
    const perMessage = connections / rooms
    this.#latencies = []
    this.#wrong = 0
    const cpu = process.cpuUsage()
    const lateness: number[] = []
    const start = performance.now()
    this.#begun = this.#published
    const count = Math.floor((ms / 1000) * perSecond)
    await new Promise<void>((resolve) => {
      const turn = () => {
        const now = performance.now()
        while (this.#published - this.#begun < count) {
          const dueAt = start + ((this.#published - this.#begun) / perSecond) * 1000
          if (dueAt > now) break
          this.#dueAt[(this.#published % numbers) % remembered] = dueAt
          lateness.push(now - dueAt)
          const room = this.#published % rooms
          const member = room * perMessage + (room % ports.length)
          const crowd = this.#crowds[member % ports.length]!
          const connection = crowd.connections[Math.floor(member / ports.length)]!
          connection.send(this.#templates[room]!.frames(this.#published % numbers, 1))
          this.#published++
        }
        if (this.#published - this.#begun < count) setTimeout(turn, 1)
        else resolve()
      }
      turn()
    })
    const expected = count * perMessage
    const deadline = performance.now() + 5_000
    while (this.#latencies.length < expected && performance.now() < deadline) await Bun.sleep(10)
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const sorted = Float64Array.from(this.#latencies).sort()
    return {
      deliveries: sorted.length,
      seconds,
      loadSeconds: (user + system) / 1e6,
      wrong: this.#wrong,
      missing: expected - sorted.length,
      p50: percentileOf(sorted, 0.5),
      p99: percentileOf(sorted, 0.99),
      p999: percentileOf(sorted, 0.999),
      lateness: percentileOf(Float64Array.from(lateness).sort(), 0.99),
    }
  }

  /** Cuts everybody off, publishes so many to each room, and lets all come back at once. */
  async storm(missed: number): Promise<Storm> {
    const { connections } = this.#options
    for (const crowd of this.#crowds) crowd.end()
    await this.#publishToAll(missed)
    const seen = new Int32Array(connections)
    const doneAt: number[] = []
    let recovered = 0
    let wrong = 0
    const all = Promise.withResolvers<void>()
    const take = (index: number, text: string) => {
      if (text.startsWith('{"type":"subscription"')) {
        if (text.includes('"recovered":true')) recovered++
        return
      }
      if (!text.startsWith('{"type":"event"')) return
      if (numberIn(text) !== seen[index]) wrong++
      seen[index]!++
      if (seen[index] !== missed) return
      doneAt.push(performance.now())
      if (doneAt.length === connections) all.resolve()
    }
    const cpu = process.cpuUsage()
    const start = performance.now()
    const frame = (index: number, bytes: Uint8Array, from: number, end: number) =>
      take(index, Buffer.from(bytes.subarray(from, end)).toString())
    this.#crowds = this.#crowdsOf({ greeted: take, frame, since: (index) => this.#places[index]! })
    await within(60_000, Promise.all([all.promise, ...this.#crowds.map((crowd) => crowd.open())]), () => {
      return `${connections - doneAt.length} of ${connections} did not get all that they missed`
    })
    const { user, system } = process.cpuUsage(cpu)
    for (const place of this.#places) place.offset += missed
    this.#next.fill(-1)
    const sorted = Float64Array.from(doneAt).sort()
    return {
      seconds: (performance.now() - start) / 1000,
      loadSeconds: (user + system) / 1e6,
      recovered,
      wrong,
      most: (percentileOf(sorted, 0.95) - start) / 1000,
    }
  }

  /** So many to each room, by a few who wait for answers. */
  async #publishToAll(each: number): Promise<void> {
    const { ports, rooms } = this.#options
    const finished = Promise.withResolvers<void>()
    const sent = new Int32Array(publishers)
    let answered = 0
    // One publisher for each room, so that its numbers are in order.
    const next = (connection: Connection) => {
      const turn = sent[connection.index]!++
      const [room, number] = [connection.index + publishers * Math.floor(turn / each), turn % each]
      if (room >= rooms) return
      connection.sendText(dialects.fanfare.publish(this.#room(room), 1).replace(payloadOf(0), payloadOf(number)))
    }
    const receiver: Receiver = {
      frame(connection, bytes, start, end) {
        const text = Buffer.from(bytes.subarray(start, start + 40)).toString()
        if (!text.startsWith('{"type":"reply"')) throw new Error(Buffer.from(bytes.subarray(start, end)).toString())
        if (++answered === each * rooms) finished.resolve()
        else next(connection)
      },
    }
    const crowd = new Crowd({
      contender: 'fanfare',
      port: ports[0]!,
      count: publishers,
      from: 10_000_000,
      receiver,
    })
    await crowd.open()
    for (const connection of crowd.connections) for (let count = 0; count < unanswered; count++) next(connection)
    await within(60_000, finished.promise, () => `${each * rooms - answered} publishes were not answered`)
    crowd.end()
  }
}
