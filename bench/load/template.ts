/** A publish that is sent again and again with another number in it: made once, six bytes changed for each. */
import { beforeNumber, digits, numbers } from '../lib/payload.ts'
import { frameOf, maskingKey } from './frame.ts'
import type { LinkName } from './links.ts'

const unmasked = new Uint8Array(4)

export class Template {
  readonly #copies: Uint8Array
  readonly #length: number
  /** Of the number's first digit, in a frame and in its payload. */
  readonly #at: number
  readonly #inPayload: number
  readonly #mask: Uint8Array

  /** `most`: how many frames may be sent at once. A request over plain HTTP is sent as it stands, any other text as a frame. */
  constructor(text: string, most: number, link: LinkName = 'websocket') {
    const frame = link === 'http' ? Buffer.from(text) : frameOf(text)
    this.#mask = link === 'http' ? unmasked : maskingKey
    this.#length = frame.length
    this.#inPayload = text.lastIndexOf(beforeNumber) + beforeNumber.length
    this.#at = frame.length - text.length + this.#inPayload
    this.#copies = new Uint8Array(frame.length * most)
    for (let copy = 0; copy < most; copy++) this.#copies.set(frame, copy * frame.length)
  }

  /** The frames for `count` numbers from `first`. The same memory at each call. */
  frames(first: number, count: number): Uint8Array {
    for (let copy = 0; copy < count; copy++) {
      let rest = (first + copy) % numbers
      for (let digit = digits - 1; digit >= 0; digit--) {
        const place = copy * this.#length + this.#at + digit
        this.#copies[place] = (48 + (rest % 10)) ^ this.#mask[(this.#inPayload + digit) & 3]!
        rest = Math.floor(rest / 10)
      }
    }
    return this.#copies.subarray(0, count * this.#length)
  }
}
