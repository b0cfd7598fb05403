/** Bounds the memory of rooms' newest events: so many a room, so many bytes for all; the quietest room gives way. */
import { Chain } from './chain.ts'
import type { Entry, Ring } from './ring.ts'

export type HotWindowsOptions = { readonly eventsPerRoom: number; readonly bytes: number }

/** A room with a window: its newest events, right up to its top. Only its `HotWindows` changes it, but for its top while it is empty. */
export type Windowed = { readonly hot: Ring }

type Window<Room> = { readonly room: Room; older: Window<Room> | undefined; newer: Window<Room> | undefined }

export class HotWindows<Room extends Windowed> {
  readonly #windows = new Map<Room, Window<Room>>()
  /** The room that was appended to last comes last. */
  readonly #order = new Chain<Window<Room>>()
  readonly #options: HotWindowsOptions
  #bytes = 0

  constructor(options: HotWindowsOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Appends to the room's window, whose top rises whether or not the event fits. */
  append(room: Room, entry: Entry): void {
    const before = room.hot.weight
    room.hot.append(entry)
    this.#fit(room, before)
  }

  /** Puts entries before those of the window: the last of them must be right before its first (I1). */
  extend(room: Room, entries: readonly Entry[]): void {
    const before = room.hot.weight
    room.hot.prepend(entries)
    this.#fit(room, before)
  }

  /** Empties the window; what it held is read from the log from now on. */
  drop(room: Room): void {
    this.#bytes -= room.hot.weight
    room.hot.reset(room.hot.top)
    const window = this.#windows.get(room)
    if (!window) return
    this.#windows.delete(room)
    this.#order.remove(window)
  }

  #fit(room: Room, before: number): void {
    while (room.hot.length > this.#options.eventsPerRoom) room.hot.shift()
    this.#bytes += room.hot.weight - before
    this.#touch(room)
    while (this.#bytes > this.#options.bytes && this.#order.oldest) this.drop(this.#order.oldest.room)
  }

  #touch(room: Room): void {
    const known = this.#windows.get(room)
    if (known) {
      this.#order.touch(known)
      return
    }
    const window: Window<Room> = { room, older: undefined, newer: undefined }
    this.#windows.set(room, window)
    this.#order.add(window)
  }
}
