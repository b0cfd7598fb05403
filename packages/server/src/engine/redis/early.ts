/** Events that came before those they follow. Bounded: what does not fit is read from the log when its turn comes. */
import type { RoomEvent } from '@fanfare/protocol'
import { weightOf } from '../weight.ts'

const mostEvents = 256
const mostBytes = 1024 * 1024

export class Early {
  readonly #events = new Map<number, RoomEvent>()
  #bytes = 0

  keep(event: RoomEvent): void {
    if (this.#events.has(event.offset)) return
    const bytes = weightOf(event)
    if (this.#events.size >= mostEvents || this.#bytes + bytes > mostBytes) return
    this.#events.set(event.offset, event)
    this.#bytes += bytes
  }

  /** Takes out the one that follows the offset, and lets go of those that no longer follow anything. */
  after(top: number): RoomEvent | undefined {
    if (this.#events.size === 0) return undefined
    const next = this.#events.get(top + 1)
    if (next) this.#remove(next)
    else for (const event of this.#events.values()) if (event.offset <= top) this.#remove(event)
    return next
  }

  clear(): void {
    this.#events.clear()
    this.#bytes = 0
  }

  #remove(event: RoomEvent): void {
    this.#events.delete(event.offset)
    this.#bytes -= weightOf(event)
  }
}
