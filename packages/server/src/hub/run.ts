/**
 * What waits for a session until the end of a tick, shared with every session that was given the same frames in the same
 * order: a crowd in one room holds one and the same run, however many they are. Never changes; lives no longer than its tick.
 */
import type { Frame } from '../wire/dialect.ts'

export class Run {
  readonly #before: Run | undefined
  readonly #frame: Frame
  readonly #count: number
  /** Of all its frames (UTF-16 units counted as bytes). */
  readonly bytes: number
  /** What the last sessions went on to, which the next one most likely will too: two, because a room may be read in two dialects. */
  #after: Run | undefined
  #other: Run | undefined
  #frames: readonly Frame[] | undefined

  private constructor(before: Run | undefined, frame: Frame) {
    this.#before = before
    this.#frame = frame
    this.#count = before ? before.#count + 1 : 0
    this.bytes = before ? before.bytes + frame.length : 0
  }

  /** Where the runs of a tick begin: without a frame. */
  static empty(): Run {
    return new Run(undefined, '')
  }

  /** This and one frame more; the same object for the same frame, unless others went another way in between. */
  with(frame: Frame): Run {
    const after = this.#after
    if (after !== undefined && after.#frame === frame) return after
    const other = this.#other
    this.#other = after
    this.#after = other !== undefined && other.#frame === frame ? other : new Run(this, frame)
    return this.#after
  }

  /** In order; made once, however many ask. Nobody may change it. */
  get frames(): readonly Frame[] {
    this.#frames ??= this.#list()
    return this.#frames
  }

  #list(): readonly Frame[] {
    const frames = new Array<Frame>(this.#count)
    let run: Run = this
    while (run.#before) {
      frames[run.#count - 1] = run.#frame
      run = run.#before
    }
    return frames
  }
}
