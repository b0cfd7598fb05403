/**
 * Lets what connecting left behind be used again while a crowd connects. Otherwise what stays of each session lies between
 * the garbage of its connect, and the heap never gets smaller by that garbage. Knows nothing of runtimes.
 */

/** Sessions whose garbage is worth a collection: about 3 MB. */
const many = 200

export class Crowd {
  readonly #collect: () => void
  #came = 0

  /** @param collect looks at what was made lately, and takes a few ms */
  constructor(collect: () => void) {
    this.#collect = collect
  }

  /** A link opened. */
  came(): void {
    if (++this.#came < many) return
    this.#came = 0
    // Once those that came together have been answered.
    setImmediate(this.#collect)
  }
}
