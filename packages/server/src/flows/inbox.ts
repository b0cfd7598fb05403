/** What one connection has sent and the server has not yet handled: bounded, in order, one at a time (hazard B5). */
import { FanfareError, type Limits, toFanfareError } from '@fanfare/protocol'

/** The connection itself rather than options with closures: every idle session would pay for them. */
export type InboxOwner<Item = string> = {
  readonly limits: Pick<Limits, 'inboxMessages' | 'inboxBytes'>
  /** Never throws. */
  handle(item: Item): Promise<void>
  /** More came than is taken: the connection ends. */
  overflow(error: FanfareError): void
}

export class Inbox<Item extends { readonly length: number } = string> {
  readonly #owner: InboxOwner<Item>
  /** Only while frames wait. */
  #queue: Item[] | undefined
  #bytes = 0
  #busy = false
  #closed = false

  constructor(owner: InboxOwner<Item>) {
    this.#owner = owner
  }

  push(item: Item): void {
    if (this.#closed) return
    const { limits } = this.#owner
    this.#queue ??= []
    if (this.#queue.length >= limits.inboxMessages || this.#bytes + item.length > limits.inboxBytes) {
      this.#owner.overflow(
        new FanfareError(
          'rate_limited',
          `More than ${limits.inboxMessages} frames or ${limits.inboxBytes} bytes wait to be handled; await answers before sending more.`,
        ),
      )
      return
    }
    this.#queue.push(item)
    this.#bytes += item.length
    if (!this.#busy) void this.#pump()
  }

  /** Does this before any frame that came or comes, such as verifying a token while the client already sends. */
  async first(work: () => Promise<void>): Promise<void> {
    this.#busy = true
    try {
      await work()
    } catch (error) {
      this.#owner.overflow(toFanfareError(error))
    }
    await this.#pump()
  }

  async #pump(): Promise<void> {
    this.#busy = true
    for (let item = this.#queue?.shift(); item !== undefined && !this.#closed; item = this.#queue?.shift()) {
      this.#bytes -= item.length
      await this.#owner.handle(item)
    }
    this.#queue = undefined
    this.#busy = false
  }

  close(): void {
    this.#closed = true
    this.#queue = undefined
    this.#bytes = 0
  }
}
