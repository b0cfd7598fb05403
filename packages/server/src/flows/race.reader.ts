/** A link and the client behind it, which holds the node to its word: from where it was told, every event, once, in order. */
import { decodeServerFrame, type Position, type ServerFrame, type Since } from '@fanfare/protocol'
import type { Link } from '../hub/link.ts'
import type { Frame } from '../wire/dialect.ts'
import type { FakeBroker } from './race.broker.ts'

export type ReaderOptions = { readonly broker: FakeBroker; readonly drained: () => void }

/** More than the outbox writes on top of. */
const stalledBytes = 100_000

export class Reader implements Link {
  readonly kind = 'websocket'
  readonly faults: string[] = []
  readonly #options: ReaderOptions
  readonly #rooms = new Map<string, Position>()
  /** What was asked of each room and not answered yet, oldest first. */
  readonly #asked = new Map<string, (Since | undefined)[]>()
  #stalled = false

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  write(frames: readonly Frame[]): void {
    for (const text of frames) {
      const frame = decodeServerFrame(String(text))
      if (frame) this.#hear(frame)
    }
  }

  buffered(): number {
    return this.#stalled ? stalledBytes : 0
  }

  close(): void {}
  terminate(): void {}

  stalls(): void {
    this.#stalled = true
  }

  flows(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#options.drained()
  }

  asks(room: string, since: Since | undefined): void {
    const asked = this.#asked.get(room)
    if (asked) asked.push(since)
    else this.#asked.set(room, [since])
  }

  positionIn(room: string): Position | undefined {
    return this.#rooms.get(room)
  }

  positions(): Iterable<[string, Position]> {
    return this.#rooms
  }

  #hear(frame: ServerFrame): void {
    switch (frame.type) {
      case 'subscription':
        if (frame.status === 'subscribed') this.#begin(frame)
        else this.#rooms.delete(frame.room)
        return
      case 'event':
        this.#follow(frame.event.room, { epoch: String(frame.event.data), offset: frame.event.offset })
        return
      case 'gap': {
        const { room, from, to } = frame
        const at = this.#rooms.get(room)
        if (at?.epoch !== from.epoch || at.offset !== from.offset) this.#fault(`a gap in ${room} from where it was not`)
        if (!this.#options.broker.hasLost(room, from)) this.#fault(`a gap in ${room} where nothing is lost`)
        this.#rooms.set(room, to)
      }
    }
  }

  #begin(frame: ServerFrame & { type: 'subscription'; status: 'subscribed' }): void {
    const { room, epoch, offset, recovered } = frame
    const wanted = this.#asked.get(room) ?? []
    const from = wanted.find((since) => typeof since === 'object' && since.epoch === epoch && since.offset === offset)
    const exact = wanted.some((since) => since === undefined || since === 'earliest')
    if (recovered === true && !from && !exact) this.#fault(`${room} recovers from where nobody was`)
    const lost = wanted.some((since) => typeof since === 'object' && this.#options.broker.hasLost(room, since))
    if (recovered === false && !lost) this.#fault(`${room} does not recover although nothing is lost`)
    this.#rooms.set(room, { epoch, offset })
  }

  #follow(room: string, { epoch, offset }: Position): void {
    const at = this.#rooms.get(room)
    if (!at) this.#fault(`an event of ${room} that was not asked for`)
    else if (at.epoch !== epoch) this.#fault(`${room}: epoch ${epoch} in ${at.epoch} without a word`)
    else if (at.offset + 1 !== offset) this.#fault(`${room}: ${offset} after ${at.offset}`)
    this.#rooms.set(room, { epoch, offset })
  }

  #fault(what: string): void {
    this.faults.push(what)
  }
}
