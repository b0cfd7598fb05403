/** Opens many connections, so many at a time, each with a user of its own, and hands them over when they are ready. */
import { giveUp } from '../lib/control.ts'
import { Connection, type Receiver } from './connection.ts'
import { type Contender, type Dialect, dialects, type Guest, type Step } from './dialects.ts'

export type CrowdOptions = {
  readonly contender: Contender
  readonly port: number
  readonly count: number
  /** Those who publish, whom some contenders speak to differently. @default those who subscribe */
  readonly as?: 'publishers'
  /** Opening at once. @default 64 */
  readonly together?: number
  /** The rooms of the nth connection. @default none */
  readonly rooms?: (index: number) => readonly string[]
  /** How many tenants the connections are spread over. @default 1 */
  readonly tenants?: number
  /** Users are numbered from here. @default 0 */
  readonly from?: number
  /** What a connection does once it is ready. */
  readonly receiver: Receiver
  readonly ready?: (connection: Connection) => void
  /** A connection is about to be opened. */
  readonly begins?: (index: number) => void
  /** Where a connection resumes in a room. @default it begins at the top */
  readonly since?: Guest['since']
  /** Every text frame until a connection is ready. */
  readonly greeted?: (index: number, text: string) => void
}

/** A load that lost a connection, or was told off, is at an end: no figure may come of a part of it. */
const handlers = {
  data: (socket: { readonly data: Slot }, chunk: Uint8Array) => {
    try {
      socket.data.connection?.take(chunk)
    } catch (error) {
      giveUp(error instanceof Error ? error : new Error(String(error)))
    }
  },
  drain: (socket: { readonly data: Slot }) => socket.data.connection?.drained(),
  error: (_: unknown, error: Error) => giveUp(error),
  close: (socket: { readonly data: Slot }) => {
    if (!socket.data.mayClose) giveUp(new Error('the server closed a connection'))
  },
}

type Slot = { connection: Connection | undefined; mayClose: boolean }

/** Watches over a connection until it is ready. */
class Greeting implements Receiver {
  readonly #dialect: Dialect
  readonly #guest: Guest
  readonly #ready: (connection: Connection) => void
  readonly #heard: CrowdOptions['greeted']

  constructor(
    { dialect, guest }: { readonly dialect: Dialect; readonly guest: Guest },
    ready: (connection: Connection) => void,
    heard: CrowdOptions['greeted'],
  ) {
    this.#dialect = dialect
    this.#guest = guest
    this.#ready = ready
    this.#heard = heard
  }

  frame(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.subarray(start, end)).toString()
    this.#heard?.(connection.index, text)
    this.#follow(connection, this.#dialect.greeted(text, this.#guest))
  }

  opened(connection: Connection): void {
    const step = this.#dialect.opened?.(this.#guest)
    if (step) this.#follow(connection, step)
  }

  #follow(connection: Connection, step: Step): void {
    if (step.say !== undefined) connection.sendText(step.say)
    if (step.ready) this.#ready(connection)
  }
}

/** The words of whoever publishes to a contender's subscribers. */
export const publisherOf = (dialect: Dialect): Dialect => dialect.publisher ?? dialect

export class Crowd {
  readonly connections: Connection[] = []
  readonly #slots: Slot[] = []
  readonly #options: CrowdOptions

  constructor(options: CrowdOptions) {
    this.#options = options
  }

  /** Resolves when every connection is ready. */
  async open(): Promise<void> {
    const { count, together = 64 } = this.#options
    let next = 0
    const one = async (): Promise<void> => {
      while (next < count) await this.#connect(next++)
    }
    await Promise.all(Array.from({ length: Math.min(together, count) }, one))
  }

  async #connect(index: number): Promise<void> {
    const { port, from = 0, receiver, ready } = this.#options
    const dialect = this.#dialect()
    const guest = this.#guest(from + index, index)
    this.#options.begins?.(index)
    await new Promise<void>((resolve, reject) => {
      const becomesReady = (connection: Connection) => {
        connection.receiver = receiver
        ready?.(connection)
        resolve()
      }
      const greeting = new Greeting({ dialect, guest }, becomesReady, this.#options.greeted)
      const slot: Slot = { connection: undefined, mayClose: false }
      this.#slots[index] = slot
      Bun.connect<Slot>({
        hostname: '127.0.0.1',
        port,
        data: slot,
        socket: {
          ...handlers,
          open: (socket) => {
            const { link } = dialect
            const connection = new Connection(socket, {
              index,
              link,
              upgrade: dialect.upgrade(guest),
              receiver: greeting,
            })
            slot.connection = connection
            this.connections[index] = connection
            connection.begin()
          },
        },
      }).catch(reject)
    })
  }

  #dialect(): Dialect {
    const dialect = dialects[this.#options.contender]
    return this.#options.as === 'publishers' ? publisherOf(dialect) : dialect
  }

  #guest(number: number, index: number): Guest {
    const { port, rooms, since, tenants = 1 } = this.#options
    return {
      index: number,
      port,
      tenantId: `clinic-${number % tenants}`,
      // Of a fixed width: where it is named in a frame, what follows stays in its place.
      userId: `user-${String(number).padStart(8, '0')}`,
      rooms: rooms?.(index) ?? [],
      since,
    }
  }

  end(): void {
    for (const slot of this.#slots) {
      slot.mayClose = true
      slot.connection?.end()
    }
    this.#slots.length = 0
    this.connections.length = 0
  }
}
