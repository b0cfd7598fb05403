/**
 * Brings one room of an event stream from the position that the client holds to where the stream began, through history,
 * while live events wait. At its end every event has been emitted once and in order, or a loss has been said.
 */
import {
  type EventFrame,
  FanfareError,
  type GapReason,
  type HistoryPage,
  type Json,
  type Position,
  type ServerFrame,
  type Since,
} from '@fanfare/protocol'

export type StreamResumeOptions = {
  readonly since: Since
  /** Where the stream begins: its first event of this room has the next offset. */
  readonly start: ServerFrame & { type: 'subscription'; status: 'subscribed' }
  /** A page of history. @throws FanfareError `position_lost` */
  readonly read: (after: Since) => Promise<Json>
  readonly emit: (frame: ServerFrame) => void
}

export class StreamResume {
  readonly #options: StreamResumeOptions
  #held: EventFrame[] = []

  constructor(options: StreamResumeOptions) {
    this.#options = options
  }

  /** A live event that came before its turn. */
  hold(frame: EventFrame): void {
    this.#held.push(frame)
  }

  async run(): Promise<void> {
    const { since, start } = this.#options
    const lost = since === 'earliest' ? undefined : lostBefore(since, start)
    if (lost) this.#begin(start.offset, lost)
    else await this.#replay()
    for (const frame of this.#held) this.#options.emit(frame)
    this.#held = []
  }

  async #replay(): Promise<void> {
    const { since, start, emit } = this.#options
    let position: Since = since
    for (;;) {
      const page = await this.#page(position)
      const events = page?.events.filter((event) => event.offset <= start.offset) ?? []
      const offset: number = position === 'earliest' ? (events[0]?.offset ?? start.offset + 1) - 1 : position.offset
      const isBroken = page?.epoch !== start.epoch || (events[0] ? events[0].offset : start.offset + 1) !== offset + 1
      if (position === since) this.#begin(isBroken ? start.offset : offset, isBroken ? 'trimmed' : undefined)
      // In the middle the log was cut under us: the room's own check of offsets finds the hole and asks again.
      if (isBroken) return
      for (const event of events) emit({ type: 'event', event })
      position = { epoch: start.epoch, offset: offset + events.length }
      if (position.offset >= start.offset || !page?.next) return
    }
  }

  async #page(after: Since): Promise<HistoryPage | undefined> {
    try {
      return (await this.#options.read(after)) as unknown as HistoryPage
    } catch (error) {
      if (error instanceof FanfareError && error.code === 'position_lost') return undefined
      throw error
    }
  }

  #begin(offset: number, lost: GapReason | undefined): void {
    const { reason: _, ...start } = this.#options.start
    this.#options.emit({ ...start, offset, recovered: lost === undefined, ...(lost ? { reason: lost } : {}) })
  }
}

const lostBefore = (since: Position, start: Position): GapReason | undefined => {
  if (since.epoch !== start.epoch) return 'epoch'
  return since.offset > start.offset ? 'ahead' : undefined
}
