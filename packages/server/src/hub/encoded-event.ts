/** An event on its way to the sessions of this node: encoded once for each dialect in use, however many read it. */
import type { RoomEvent } from '@fanfare/protocol'
import type { Dialect, Frame } from '../wire/dialect.ts'

export class EncodedEvent {
  readonly epoch: string
  readonly event: RoomEvent
  #dialect: Dialect | undefined
  #frame: Frame = ''
  #others: Map<Dialect, Frame> | undefined

  constructor(epoch: string, event: RoomEvent) {
    this.epoch = epoch
    this.event = event
  }

  /** Most rooms are read in one dialect: the first has a slot of its own, and no map is made. */
  in(dialect: Dialect): Frame {
    if (dialect === this.#dialect) return this.#frame
    if (!this.#dialect) {
      this.#dialect = dialect
      this.#frame = dialect.encodeEvent(this.event)
      return this.#frame
    }
    this.#others ??= new Map()
    let frame = this.#others.get(dialect)
    if (frame === undefined) {
      frame = dialect.encodeEvent(this.event)
      this.#others.set(dialect, frame)
    }
    return frame
  }
}
