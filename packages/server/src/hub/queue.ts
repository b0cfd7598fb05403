/** What waits for a reader that is behind: frames of its own, of which newer ones may take the place of older ones. Bounds nothing; its outbox does. */
import type { Frame } from '../wire/dialect.ts'

const fewHoles = 64

export class Queue {
  #frames: (Frame | undefined)[]
  #bytes: number
  /** Places of `#frames` that gave way. */
  #holes = 0
  /** Where the newest frame of each conflation key waits. */
  #latest: Map<string, number> | undefined

  constructor(frames: readonly Frame[], bytes: number) {
    this.#frames = [...frames]
    this.#bytes = bytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A waiting frame of the same key gives way to this one, which goes to the end. */
  push(frame: Frame, key: string | undefined): void {
    if (key !== undefined) this.#replace(key)
    this.#frames.push(frame)
    this.#bytes += frame.length
  }

  /** All of them, in order. Nothing is to be pushed any more. */
  get frames(): readonly Frame[] {
    return this.#holes > 0 ? this.#frames.filter(isFrame) : (this.#frames as Frame[])
  }

  #replace(key: string): void {
    this.#latest ??= new Map()
    const index = this.#latest.get(key)
    const waiting = index === undefined ? undefined : this.#frames[index]
    if (index !== undefined && waiting !== undefined) {
      this.#frames[index] = undefined
      this.#bytes -= waiting.length
      this.#holes++
    }
    this.#latest.set(key, this.#frames.length)
    if (this.#holes > fewHoles && this.#holes > this.#frames.length / 2) this.#compact()
  }

  /** Closes the holes, so that a reader who never drains costs no more than what waits for it. */
  #compact(): void {
    const places = new Map<number, number>()
    const frames = this.#frames.filter((frame, index) => {
      if (frame !== undefined) places.set(index, places.size)
      return frame !== undefined
    })
    const end = this.#frames.length
    for (const [key, index] of this.#latest ?? []) {
      this.#latest?.set(key, index === end ? frames.length : (places.get(index) ?? frames.length))
    }
    this.#frames = frames
    this.#holes = 0
  }
}

const isFrame = (frame: Frame | undefined): frame is Frame => frame !== undefined
