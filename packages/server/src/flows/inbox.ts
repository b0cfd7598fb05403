/** What one connection has sent and the server has not yet handled: bounded, in order, one at a time. */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { TokenBucket } from '../lib/token-bucket.ts'
import type { Services } from './services.ts'

export type InboxOptions = {
  readonly services: Services
  /** Never throws. */
  readonly handle: (text: string) => Promise<void>
  /** More came than is taken: the connection ends. */
  readonly overflow: (error: FanfareError) => void
}

export class Inbox {
  readonly #options: InboxOptions
  #queue: string[] = []
  #bytes = 0
  #busy = false
  #closed = false
  #rate: TokenBucket | undefined
  #byteRate: TokenBucket | undefined

  constructor(options: InboxOptions) {
    this.#options = options
  }

  push(text: string): void {
    if (this.#closed) return
    const problem = this.#weigh(text.length)
    if (problem) {
      this.#options.overflow(problem)
      return
    }
    this.#queue.push(text)
    this.#bytes += text.length
    if (!this.#busy) this.#pump()
  }

  #weigh(size: number): FanfareError | undefined {
    const { limits } = this.#options.services
    if (this.#queue.length >= limits.inboxMessages || this.#bytes + size > limits.inboxBytes) {
      return new FanfareError(
        'rate_limited',
        `More than ${limits.inboxMessages} frames or ${limits.inboxBytes} bytes wait to be handled; await answers before sending more.`,
      )
    }
    return undefined
  }
  first(work: () => Promise<void>): void {
    this.#busy = true
    work()
      .catch((error: unknown) => this.#options.overflow(toFanfareError(error)))
      .finally(() => this.#pump())
  }

  async #pump(): Promise<void> {
    this.#busy = true
    for (let text = this.#queue.shift(); text !== undefined && !this.#closed; text = this.#queue.shift()) {
      this.#bytes -= text.length
      await this.#options.handle(text)
    }
    this.#busy = false
  }

  close(): void {
    this.#closed = true
    this.#queue = []
  }
}
