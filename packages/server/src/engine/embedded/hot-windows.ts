/** Bounds the memory of durable rooms' newest events: so many a room, so many bytes for all; the quietest room gives way. */
import { Chain } from './chain.ts'
import type { DurableRoom } from './durable-room.ts'
import type { Entry } from './ring.ts'

export type HotWindowsOptions = { readonly eventsPerRoom: number; readonly bytes: number }

type Window = { readonly room: DurableRoom; older: Window | undefined; newer: Window | undefined }

export class HotWindows {
  readonly #windows = new Map<DurableRoom, Window>()
  /** The room that was appended to last comes last. */
  readonly #order = new Chain<Window>()
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
    const before = room.hot.weight
    room.hot.append(entry)
    while (room.hot.length > this.#options.eventsPerRoom) room.hot.shift()
    this.#bytes += room.hot.weight - before
    this.#touch(room)
    while (this.#bytes > this.#options.bytes && this.#order.oldest) this.drop(this.#order.oldest.room)
  }

  /** Empties the window; what it held is read from disk from now on. */
  drop(room: DurableRoom): void {
    this.#bytes -= room.hot.weight
    room.hot.reset(room.hot.top)
    const window = this.#windows.get(room)
    if (!window) return
    this.#windows.delete(room)
    this.#order.remove(window)
  }

  #touch(room: DurableRoom): void {
    const known = this.#windows.get(room)
    if (known) {
      this.#order.touch(known)
      return
    }
    const window: Window = { room, older: undefined, newer: undefined }
    this.#windows.set(room, window)
    this.#order.add(window)
  }
}
