/** Acknowledged publishes: many connections, each with so many unanswered, each to a room of its own that nobody reads. */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import type { Connection, Receiver } from './connection.ts'
import { Crowd } from './crowd.ts'
import { dialects } from './dialects.ts'
import { Template } from './template.ts'
import { within } from './within.ts'

export type PublishOptions = {
  readonly port: number
  readonly connections: number
  readonly kind: 'memory' | 'durable'
  /** Unanswered publishes of one connection. */
  readonly inFlight: number
  /** What every answer must state. */
  readonly durability: 'memory' | 'disk' | 'broker'
}
export type PublishRound = { readonly acknowledged: number; readonly seconds: number; readonly loadSeconds: number }

/** A tenant has a rate of its own, which one tenant's load must not meet. */
const tenants = 16

const expected = Buffer.from('{"type":"reply"')

export class Publishing implements Receiver {
  readonly #options: PublishOptions
  readonly #crowd: Crowd
  readonly #templates: Template[] = []
  readonly #published: number[] = []
  readonly #answered: number[] = []
  #checked = 0
  #acknowledged = 0
  #unanswered = 0
  #until = 0
  #finished: (() => void) | undefined

  constructor(options: PublishOptions) {
    this.#options = options
    this.#crowd = new Crowd({
      contender: 'fanfare',
      port: options.port,
      count: options.connections,
      tenants,
      receiver: this,
    })
  }

  async open(): Promise<void> {
    const { kind, inFlight } = this.#options
    await this.#crowd.open()
    for (const { index } of this.#crowd.connections) {
      this.#templates[index] = new Template(dialects.fanfare.publish(`${kind}:${index}`, 1), inFlight)
      this.#published[index] = 0
      this.#answered[index] = 0
    }
  }

  end(): void {
    this.#crowd.end()
  }

  async round(ms: number): Promise<PublishRound> {
    const cpu = process.cpuUsage()
    const start = performance.now()
    this.#until = start + ms
    this.#acknowledged = 0
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    for (const connection of this.#crowd.connections) this.#publish(connection, this.#options.inFlight)
    await within(ms + 20_000, finished, () => `${this.#unanswered} publishes were not answered`)
    const { user, system } = process.cpuUsage(cpu)
    return {
      acknowledged: this.#acknowledged,
      seconds: (performance.now() - start) / 1000,
      loadSeconds: (user + system) / 1e6,
    }
  }

  frame({ index }: Connection, bytes: Uint8Array, start: number, end: number): void {
    // One byte tells a reply from an error; the first answers are read whole.
    const place = expected.length - 2
    if (bytes[start + place] !== expected[place]) throw new Error(textOf(bytes, start, end))
    if (this.#checked < 100) this.#check(textOf(bytes, start, end))
    this.#answered[index]!++
    this.#acknowledged++
    this.#unanswered--
  }

  chunk(connection: Connection): void {
    const count = this.#answered[connection.index] ?? 0
    if (count === 0) return
    this.#answered[connection.index] = 0
    if (performance.now() < this.#until) this.#publish(connection, count)
    else if (this.#unanswered === 0) this.#finished?.()
  }

  #check(text: string): void {
    this.#checked++
    const durability = `"durability":"${this.#options.durability}"`
    if (!text.startsWith(expected.toString()) || !text.includes(durability))
      throw new Error(`no ${durability} in ${text}`)
  }

  #publish(connection: Connection, count: number): void {
    const first = this.#published[connection.index] ?? 0
    const frames = this.#templates[connection.index]?.frames(first, count)
    if (!frames) return
    connection.send(frames)
    this.#published[connection.index] = first + count
    this.#unanswered += count
  }
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString()
