/**
 * Frames with each session's cursor in them, made once for all who are at the same places after the same frame: a crowd in one
 * room shares one text, and with it all that is made of it further out. Pure: what it remembers is only ever given for the same
 * frame and places.
 */
import type { Place } from './cursor.ts'
import type { Frame } from './dialect.ts'

type Make = (frame: Frame, places: Iterable<Place>) => Frame

export class Stamps {
  readonly #make: Make
  #frame: Frame | undefined
  /** Copies: the places of a session move on. */
  readonly #places: { -readonly [field in keyof Place]: Place[field] }[] = []
  #stamped: Frame = ''

  constructor(make: Make) {
    this.#make = make
  }

  /** @throws what `make` throws */
  stamp(frame: Frame, places: Iterable<Place>): Frame {
    if (frame === this.#frame && this.#areAt(places)) return this.#stamped
    this.#stamped = this.#make(frame, places)
    this.#remember(places)
    this.#frame = frame
    return this.#stamped
  }

  /** Into the same objects: where everybody is somewhere else, this is done for each event and session. */
  #remember(places: Iterable<Place>): void {
    let count = 0
    for (const { name, epoch, offset } of places) {
      const known = this.#places[count++]
      if (known) {
        known.name = name
        known.epoch = epoch
        known.offset = offset
      } else this.#places.push({ name, epoch, offset })
    }
    this.#places.length = count
  }

  #areAt(places: Iterable<Place>): boolean {
    let index = 0
    for (const place of places) {
      const last = this.#places[index++]
      if (last === undefined || place.offset !== last.offset) return false
      if (place.epoch !== last.epoch || place.name !== last.name) return false
    }
    return index === this.#places.length
  }
}
