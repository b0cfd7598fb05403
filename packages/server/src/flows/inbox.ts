/** What one connection has sent and the server has not yet handled: bounded, in order, one at a time (hazard B5). */
import { FanfareError, type Limits, toFanfareError } from '@fanfare/protocol'
import type { Soon } from '../lib/soon.ts'

/** The connection itself rather than options with closures: every idle session would pay for them. */
export type InboxOwner<Item = string> = {
  readonly limits: Pick<Limits, 'inboxMessages' | 'inboxBytes'>
  /** Never throws. What comes next waits for the promise, if there is one. */
  handle(item: Item): Soon<void>
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
    const waiting = this.#queue?.length ?? 0
    if (waiting >= limits.inboxMessages || this.#bytes + item.length > limits.inboxBytes) {
      this.#owner.overflow(
        new FanfareError(
          'rate_limited',
          `More than ${limits.inboxMessages} frames or ${limits.inboxBytes} bytes wait to be handled; await answers before sending more.`,
        ),
      )
      return
    }
    if (this.#busy) {
      this.#queue ??= []
      this.#queue.push(item)
      this.#bytes += item.length
      return
    }
    this.#busy = true
    const handled = this.#owner.handle(item)
    if (handled !== undefined) void handled.then(() => this.#pump())
    // What handling it brought along, such as a frame that came meanwhile.
    else if (this.#queue) void this.#pump()
    else this.#busy = false
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
      const handled = this.#owner.handle(item)
      if (handled !== undefined) await handled
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
