/**
 * So many sessions in so many rooms of so many tenants, each in one room, and somebody in each tenant who publishes: into
 * those rooms, or into as many that nobody hears. Answers are waited for, and so are all deliveries of a round.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Crowd } from './crowd.ts'
import { dialects } from './dialects.ts'
import { Template } from './template.ts'
import { within } from './within.ts'

export type GrowthOptions = {
  readonly port: number
  readonly sessions: number
  readonly rooms: number
  readonly tenants: number
}
export type GrowthRound = { readonly published: number; readonly deliveries: number }

const inFlight = 64
const warmSessions = 200
const fromPublishers = 5_000_000

export class Growth {
  readonly #options: GrowthOptions
  readonly #crowd: Crowd
  readonly #publishers: Crowd
  readonly #templates = new Map<string, Template>()
  #deliveries = 0
  #answered = 0
  #published = 0

  constructor(options: GrowthOptions) {
    this.#options = options
    const { port, sessions, rooms, tenants } = options
    const common = { contender: 'fanfare', port, tenants } as const
    this.#crowd = new Crowd({
      ...common,
      count: sessions,
      // Where there are more rooms than sessions, a session is in several, so that somebody is in each.
      rooms: (index) =>
        Array.from(
          { length: Math.max(1, Math.ceil((rooms - index) / sessions)) },
          (_, more) => `memory:heard-${(index + more * sessions) % rooms}`,
        ),
      receiver: { frame: () => void this.#deliveries++ },
    })
    this.#publishers = new Crowd({
      ...common,
      count: tenants,
      from: fromPublishers - (fromPublishers % tenants),
      receiver: { frame: () => void this.#answered++ },
    })
  }

  /** The first sessions pay for code that is compiled once. */
  static async warm(port: number): Promise<void> {
    for (let batch = 0; batch < 10; batch++) {
      const growth = new Growth({ port, sessions: warmSessions, rooms: 20, tenants: 1 })
      await growth.open()
      await growth.round({ ms: 200, heard: true })
      growth.end()
    }
  }

  async open(): Promise<void> {
    await this.#publishers.open()
    await this.#crowd.open()
  }

  end(): void {
    this.#crowd.end()
    this.#publishers.end()
  }

  /** The nth goes to a room of the nth session, in its tenant, so that somebody is there to hear it. */
  async round({ ms, heard }: { readonly ms: number; readonly heard: boolean }): Promise<GrowthRound> {
    const { sessions, rooms } = this.#options
    const places = Math.max(sessions, rooms)
    this.#deliveries = 0
    this.#answered = 0
    this.#published = 0
    const until = performance.now() + ms
    for (let next = 0; performance.now() < until; ) {
      while (this.#published - this.#answered < inFlight) this.#publish(next++ % places, heard)
      await sleep(0)
    }
    await within(20_000, this.#quiet(), () => `${this.#published - this.#answered} publishes were not answered`)
    return { published: this.#published, deliveries: this.#deliveries }
  }

  #publish(place: number, heard: boolean): void {
    const { rooms, sessions, tenants } = this.#options
    const room = `memory:${heard ? 'heard' : 'quiet'}-${place % rooms}`
    const template = this.#templates.get(room) ?? new Template(dialects.fanfare.publish(room, 1), 1)
    this.#templates.set(room, template)
    this.#publishers.connections[(place % sessions) % tenants]?.send(template.frames(this.#published++, 1))
  }

  /** All is answered, and nothing came for a while. */
  async #quiet(): Promise<void> {
    for (let before = -1; this.#answered < this.#published || this.#deliveries !== before; ) {
      before = this.#deliveries
      await sleep(100)
    }
  }
}
