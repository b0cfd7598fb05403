/** Hands events to this node's sink: only those of rooms it listens to, in order, one at a time. */
import type { RoomEvent } from '@fanfare/protocol'
import type { Log } from '../lib/log.ts'
import type { RoomKey } from '../model/room-key.ts'
import type { RoomSink } from './room-log.ts'

type Waiting = { readonly room: RoomKey; readonly epoch: string; readonly event: RoomEvent }

export class Delivery {
  readonly #listening = new Set<RoomKey>()
  readonly #waiting: Waiting[] = []
  readonly #log: Log
  #sink: RoomSink | undefined
  #busy = false

  constructor(log: Log) {
    this.#log = log
  }

  open(sink: RoomSink): void {
    this.#sink = sink
  }

  close(): void {
    this.#sink = undefined
    this.#listening.clear()
  }

  listen(room: RoomKey): void {
    this.#listening.add(room)
  }

  unlisten(room: RoomKey): void {
    this.#listening.delete(room)
  }

  listensTo(room: RoomKey): boolean {
    return this.#listening.has(room)
  }

  deliver(room: RoomKey, epoch: string, event: RoomEvent): void {
    if (!this.#listening.has(room)) return
    // A sink that publishes while it takes an event must have taken that one whole before it gets the next (I2).
    if (this.#busy) {
      this.#waiting.push({ room, epoch, event })
      return
    }
    this.#busy = true
    this.#hand(room, epoch, event)
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      this.#hand(next.room, next.epoch, next.event)
    this.#busy = false
  }

  /** Those in the room must read again. */
  lost(room: RoomKey): void {
    if (!this.#listening.has(room)) return
    try {
      this.#sink?.lost(room)
    } catch (error) {
      this.#log.error({ error }, 'the sink failed to hear that a room was lost')
    }
  }

  /** A sink that throws may have delivered to some; the publish itself has succeeded (I6). */
  #hand(room: RoomKey, epoch: string, event: RoomEvent): void {
    try {
      this.#sink?.deliver(room, epoch, event)
    } catch (error) {
      this.#log.error({ error, event: event.id }, 'an event could not be delivered on this node')
      this.lost(room)
    }
  }
}
