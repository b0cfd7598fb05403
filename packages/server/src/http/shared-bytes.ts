/**
 * Frames as the bytes of a body, made once for all who are given the same array of them, as everybody in a crowd is each tick
 * (`hub/run.ts`).
 */
import type { Frame } from '../wire/dialect.ts'

const utf8 = new TextEncoder()

export class SharedBytes {
  /** The last that were asked for. At most what one outbox holds. */
  #frames: readonly Frame[] | undefined
  #bytes = new Uint8Array()

  /** @param frames never changed afterwards @returns bytes that nobody may change */
  of(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
    if (frames !== this.#frames) {
      let text = ''
      // Large frames are copied once less than by `join`.
      for (const frame of frames) text += frame
      this.#bytes = utf8.encode(text)
      this.#frames = frames
    }
    return this.#bytes
  }
}
