/** Publishes to rooms in turn, as bytes that go out at once: message `n` goes to room `n` modulo the rooms. */
import type { LinkName } from './links.ts'
import { Template } from './template.ts'

export class Publishes {
  readonly #templates: readonly Template[]
  readonly #together: Uint8Array

  /** A text for each room, all of one length; `most`: how many may be sent at once. */
  constructor(texts: readonly string[], most: number, link: LinkName | undefined) {
    const each = texts.length === 1 ? most : 1
    this.#templates = texts.map((text) => new Template(text, each, link))
    this.#together = new Uint8Array((this.#templates[0]?.frames(0, 1).length ?? 0) * most)
  }

  /** Of `count` messages from number `first`. The same memory at each call. */
  bytes(first: number, count: number): Uint8Array {
    const [only] = this.#templates
    if (only && this.#templates.length === 1) return only.frames(first, count)
    let length = 0
    for (let number = first; number < first + count; number++) {
      const frame = this.#templates[number % this.#templates.length]?.frames(number, 1)
      if (!frame) continue
      this.#together.set(frame, length)
      length += frame.length
    }
    return this.#together.subarray(0, length)
  }
}
