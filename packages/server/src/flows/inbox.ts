/** What one connection has sent and the server has not yet handled: bounded, in order, one at a time (hazard B5). */
import { FanfareError, type Limits, toFanfareError } from '@fanfare/protocol'

export type InboxOptions = {
  readonly limits: Limits
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

  constructor(options: InboxOptions) {
    this.#options = options
  }

  push(text: string): void {
    if (this.#closed) return
    const { limits, overflow } = this.#options
    if (this.#queue.length >= limits.inboxMessages || this.#bytes + text.length > limits.inboxBytes) {
      overflow(
        new FanfareError(
          'rate_limited',
          `More than ${limits.inboxMessages} frames or ${limits.inboxBytes} bytes wait to be handled; await answers before sending more.`,
        ),
      )
      return
    }
    this.#queue.push(text)
    this.#bytes += text.length
    if (!this.#busy) void this.#pump()
  }

  /** Does this before any frame that came or comes, such as verifying a token while the client already sends. */
  async first(work: () => Promise<void>): Promise<void> {
    this.#busy = true
    try {
      await work()
    } catch (error) {
      this.#options.overflow(toFanfareError(error))
    }
    await this.#pump()
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
    this.#bytes = 0
  }
}
