/**
 * Frames with each session's cursor in them, made once for all who are at the same places after the same frame: a crowd in one
 * room shares one text, and with it all that is made of it further out. Pure: what it remembers is only ever given for the same
 * frame and places.
 */
import type { Place } from './cursor.ts'
import type { Frame } from './dialect.ts'

export class Stamps {
  readonly #make: (frame: Frame, places: readonly Place[]) => Frame
  #frame: Frame | undefined
  /** Copies: the places of a session move on. */
  #places: Place[] = []
  #stamped: Frame = ''

  constructor(make: (frame: Frame, places: readonly Place[]) => Frame) {
    this.#make = make
  }

  /** @throws what `make` throws */
  stamp(frame: Frame, places: Iterable<Place>): Frame {
    if (frame === this.#frame && this.#areAt(places)) return this.#stamped
    const copies = Array.from(places, ({ name, epoch, offset }) => ({ name, epoch, offset }))
    this.#stamped = this.#make(frame, copies)
    this.#places = copies
    this.#frame = frame
    return this.#stamped
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
