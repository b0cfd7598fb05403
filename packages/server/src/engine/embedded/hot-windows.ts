/** Bounds the memory of durable rooms' newest events: so many a room, so many bytes for all; the quietest room gives way. */
import type { DurableRoom } from './durable-room.ts'
import type { Entry } from './ring.ts'

export type HotWindowsOptions = { readonly eventsPerRoom: number; readonly bytes: number }

export class HotWindows {
  /** The bytes of each room's window; the room that was appended to last comes last. */
  readonly #rooms = new Map<DurableRoom, number>()
  readonly #options: HotWindowsOptions
  #bytes = 0

  constructor(options: HotWindowsOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Appends to the room's window, whose top rises whether or not the event fits. */
  append(room: DurableRoom, entry: Entry): void {
    room.hot.append(entry)
    let bytes = (this.#rooms.get(room) ?? 0) + entry.bytes
    while (room.hot.length > this.#options.eventsPerRoom) bytes -= room.hot.shift()!.bytes
    this.#bytes += bytes - (this.#rooms.get(room) ?? 0)
    this.#rooms.delete(room)
    this.#rooms.set(room, bytes)
    for (const quietest of this.#rooms.keys()) {
      if (this.#bytes <= this.#options.bytes) return
      this.drop(quietest)
    }
  }

  /** Empties the window; what it held is read from disk from now on. */
  drop(room: DurableRoom): void {
    room.hot.reset(room.hot.top)
    this.#bytes -= this.#rooms.get(room) ?? 0
    this.#rooms.delete(room)
  }
}
