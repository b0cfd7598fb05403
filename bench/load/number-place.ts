/** Where in a frame its number stands, learned from the first, so that the others are read without being parsed. */
import { beforeNumber, digits, payloadBegins, payloadOf } from '../lib/payload.ts'

const [colon, quote] = [58, 34]

export class NumberPlace {
  /** Of the frame that was learned from. */
  frameBytes = 0
  readonly #counted: 'start' | 'end'
  readonly #least: number
  /** Of the number's first digit, from the side that it is counted from. */
  #distance = 0

  /** `bytes`: of the payload, so that what is shorter is no message. */
  constructor(counted: 'start' | 'end', bytes: number) {
    this.#counted = counted
    this.#least = payloadOf(0, bytes).length
  }

  /** -1 when the frame is none of ours. @throws Error when it is as long as a message, and the first, and not ours */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < this.#least) return -1
    if (this.#distance === 0) this.#learn(bytes.subarray(start, end))
    const at = this.#counted === 'start' ? start + this.#distance : end - this.#distance
    return bytes[at - 1] === quote && bytes[at - 2] === colon ? at : -1
  }

  #learn(frame: Uint8Array): void {
    const text = Buffer.from(frame).toString('latin1')
    const before = text.lastIndexOf(beforeNumber)
    const at = before + beforeNumber.length
    if (before < 0 || !text.includes(payloadBegins)) throw new Error(`no event of ours: ${text.slice(0, 300)}`)
    if (!/^\d+$/.test(text.slice(at, at + digits))) throw new Error(`no number in ${text.slice(-100)}`)
    this.#distance = this.#counted === 'start' ? at : text.length - at
    this.frameBytes = text.length
  }
}
