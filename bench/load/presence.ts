/**
 * One room of many members, of whom some come and go at a fixed rate: each change must reach everybody in the room, once. A
 * change has landed when the last has it; its time counts from when it was due.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentileOf } from '../lib/statistics.ts'
import type { Connection } from './connection.ts'
import { Crowd } from './crowd.ts'
import { within } from './within.ts'

export type PresenceOptions = { readonly port: number; readonly members: number }
export type PresenceRound = {
  readonly changes: number
  readonly deliveries: number
  /** Frames that came twice, or too often. */
  readonly wrong: number
  readonly seconds: number
  readonly loadSeconds: number
  readonly p50: number
  readonly p99: number
}

const room = 'members:ward'
/** Who come and go; each has one change under way at most. */
const restless = 200
const beforeUser = Buffer.from('"userId":"user-')
const digits = 8
const isPresence = Buffer.from('{"type":"presence"')
const place = isPresence.length - 2

export class Presences {
  readonly #options: PresenceOptions
  readonly #crowd: Crowd
  /** By user: how many have not heard of the change under way. */
  readonly #missing: Int32Array
  readonly #dueAt: Float64Array
  readonly #there: Uint8Array
  #took: number[] = []
  #deliveries = 0
  #wrong = 0
  #answers = 0

  constructor(options: PresenceOptions) {
    this.#options = options
    const { port, members } = options
    this.#missing = new Int32Array(members)
    this.#dueAt = new Float64Array(members)
    this.#there = new Uint8Array(members)
    this.#crowd = new Crowd({
      contender: 'fanfare',
      port,
      count: members,
      rooms: () => [room],
      receiver: { frame: (_, bytes, start, end) => this.#frame(bytes as Buffer, start, end) },
    })
  }

  /** Everybody is in the room before the first shows themselves, so that each hears of each. */
  async open(): Promise<void> {
    await this.#crowd.open()
    for (const connection of this.#crowd.connections) {
      this.#change(connection, performance.now())
      // So many frames follow from each that all at once would be too much for anybody.
      if (connection.index % 20 === 19) await within(60_000, this.#landed(), () => 'not everybody heard of everybody')
    }
    await within(60_000, this.#landed(), () => 'not everybody heard of everybody')
  }

  async round({ perSecond, ms }: { readonly perSecond: number; readonly ms: number }): Promise<PresenceRound> {
    const cpu = process.cpuUsage()
    this.#took = []
    this.#deliveries = 0
    this.#wrong = 0
    const start = performance.now()
    const changes = Math.floor((ms / 1000) * perSecond)
    for (let change = 0; change < changes; change++) {
      const dueAt = start + (change / perSecond) * 1000
      if (dueAt > performance.now()) await sleep(dueAt - performance.now())
      const connection = this.#crowd.connections[change % Math.min(restless, this.#options.members)]!
      if (this.#missing[connection.index]! > 0) await within(20_000, this.#landed(), () => this.#what())
      this.#change(connection, dueAt)
    }
    await within(20_000, this.#landed(), () => this.#what())
    const { user, system } = process.cpuUsage(cpu)
    const sorted = Float64Array.from(this.#took).sort()
    return {
      changes,
      deliveries: this.#deliveries,
      wrong: this.#wrong,
      seconds: (performance.now() - start) / 1000,
      loadSeconds: (user + system) / 1e6,
      p50: percentileOf(sorted, 0.5),
      p99: percentileOf(sorted, 0.99),
    }
  }

  #what(): string {
    return `${this.#missing.reduce((sum, count) => sum + count, 0)} frames did not come`
  }

  async #landed(): Promise<void> {
    while (this.#missing.some((count) => count > 0)) await sleep(2)
  }

  #change(connection: Connection, dueAt: number): void {
    const { index } = connection
    this.#missing[index] = this.#options.members
    this.#dueAt[index] = dueAt
    this.#there[index] = 1 - this.#there[index]!
    const what = this.#there[index] === 1 ? '"state":null' : '"leave":true'
    connection.sendText(`{"type":"presence","id":${++this.#answers},"room":"${room}",${what}}`)
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + place] !== isPresence[place]) {
      if (bytes.toString('latin1', start, start + 15) === '{"type":"reply"') return
      throw new Error(bytes.toString('latin1', start, Math.min(end, start + 300)))
    }
    const at = bytes.indexOf(beforeUser, start) + beforeUser.length
    let user = 0
    for (let digit = at; digit < at + digits; digit++) user = user * 10 + bytes[digit]! - 48
    this.#deliveries++
    const missing = this.#missing[user]
    if (missing === undefined || missing === 0) this.#wrong++
    else {
      this.#missing[user] = missing - 1
      if (missing === 1) this.#took.push(performance.now() - this.#dueAt[user]!)
    }
  }
}
