/** What one session has in its few rooms: a map's words over an array, because an empty map costs every idle session more. */
import type { RoomKey } from '../model/room-key.ts'

type InRoom = { readonly room: { readonly key: RoomKey } }

export class ByRoom<Item extends InRoom> {
  #items: Item[] | undefined

  get size(): number {
    return this.#items?.length ?? 0
  }

  get(key: RoomKey): Item | undefined {
    return this.#items?.find((item) => item.room.key === key)
  }

  has(key: RoomKey): boolean {
    return this.get(key) !== undefined
  }

  /** In place of the one of the same room, if there is one. */
  put(item: Item): void {
    const index = this.#indexOf(item.room.key)
    if (this.#items && index >= 0) this.#items[index] = item
    else if (this.#items) this.#items.push(item)
    else this.#items = [item]
  }

  delete(key: RoomKey): void {
    const index = this.#indexOf(key)
    if (index < 0) return
    this.#items?.splice(index, 1)
    if (this.#items?.length === 0) this.#items = undefined
  }

  values(): Iterable<Item> {
    return this.#items ?? []
  }

  #indexOf(key: RoomKey): number {
    return this.#items?.findIndex((item) => item.room.key === key) ?? -1
  }
}
