/**
 * A client's application and its link: it holds whatever node it is connected to to its word. In an epoch each event follows
 * the one before; what is missing or begins anew is told.
 */
import { decodeServerFrame, type Position, type RoomEvent, type ServerFrame, type Since } from '@fanfare/protocol'
import type { Link } from '../../hub/link.ts'
import type { Frame } from '../../wire/dialect.ts'
import type { Ledger } from './simulation.ledger.ts'

export type ReaderOptions = {
  readonly name: string
  readonly ledger: Ledger
  /** Whether what follows the position is really gone. */
  readonly hasLost: (room: string, from: Position) => boolean
}

/** What the application holds of each room, whichever node it had it from. */
export class Reader {
  readonly positions = new Map<string, Position>()
  /** What was asked of a room, until it is answered. */
  readonly #asked = new Map<string, Since | undefined>()
  readonly #options: ReaderOptions

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  asks(room: string, since: Since | undefined): void {
    this.#asked.set(room, since)
  }

  hear(frame: ServerFrame): void {
    switch (frame.type) {
      case 'subscription':
        if (frame.status === 'subscribed') this.#begin(frame)
        return
      case 'event':
        this.#follow(frame.event)
        return
      case 'gap': {
        const at = this.positions.get(frame.room)
        if (at?.epoch !== frame.from.epoch || at.offset !== frame.from.offset)
          this.#fault(`a gap in ${frame.room} from where it was not`)
        this.#gap(frame.room, frame.from)
        this.positions.set(frame.room, frame.to)
      }
    }
  }

  #begin({ room, epoch, offset, recovered }: ServerFrame & { type: 'subscription'; status: 'subscribed' }): void {
    const since = this.#asked.get(room)
    if (typeof since === 'object') {
      const same = since.epoch === epoch && since.offset === offset
      if (recovered === true && !same) this.#fault(`${room} recovers from where nobody was`)
      if (recovered !== true) this.#gap(room, since)
    }
    this.positions.set(room, { epoch, offset })
  }

  #follow(event: RoomEvent): void {
    const { name, ledger } = this.#options
    const { room, offset } = event
    const at = this.positions.get(room)
    if (!at) {
      this.#fault(`an event of ${room} before its subscription`)
      return
    }
    if (!ledger.wasIn(at.epoch, event)) this.#fault(`${room}: an event of another epoch in ${at.epoch} without a word`)
    if (at.offset + 1 !== offset) this.#fault(`${room}: ${at.epoch}/${offset} after ${at.offset}`)
    ledger.saw(name, at.epoch, event)
    this.positions.set(room, { epoch: at.epoch, offset })
  }

  #gap(room: string, from: Position): void {
    if (!this.#options.hasLost(room, from)) {
      this.#fault(`a gap in ${room} after ${from.epoch}/${from.offset} where nothing is lost`)
    }
  }

  #fault(what: string): void {
    this.#options.ledger.fault(`${this.#options.name}: ${what}`)
  }
}

/** One connection of the application. What comes by one that was closed is not heard. */
export class ReaderLink implements Link {
  readonly kind = 'websocket'
  readonly #reader: Reader
  #open = true

  constructor(reader: Reader) {
    this.#reader = reader
  }

  write(frames: readonly Frame[]): void {
    if (!this.#open) return
    for (const text of frames) {
      const frame = decodeServerFrame(String(text))
      if (frame) this.#reader.hear(frame)
    }
  }

  buffered(): number {
    return 0
  }

  close(): void {
    this.#open = false
  }

  terminate(): void {
    this.#open = false
  }
}
