/** What one connection has sent and the server has not yet handled: bounded, in order, one at a time (hazard B5). */
import { FanfareError, type Limits, toFanfareError } from '@fanfare/protocol'
import type { Soon } from '../lib/soon.ts'

/** What a connection is made from, and no part that it has: every idle one would pay for one more object. */
export abstract class Inbox<Item extends { readonly length: number } = string> {
  /** Only while frames wait. */
  #queue: Item[] | undefined
  #bytes = 0
  #busy = false
  #shut = false

  abstract readonly limits: Pick<Limits, 'inboxMessages' | 'inboxBytes'>

  /** Never throws. What comes next waits for the promise, if there is one. */
  protected abstract handle(item: Item): Soon<void>

  /** More came than is taken: the connection ends. */
  protected abstract overflow(error: FanfareError): void

  /** Whether nothing is taken any more. */
  protected get isShut(): boolean {
    return this.#shut
  }

  protected take(item: Item): void {
    if (this.#shut) return
    const { limits } = this
    const waiting = this.#queue?.length ?? 0
    if (waiting >= limits.inboxMessages || this.#bytes + item.length > limits.inboxBytes) {
      this.overflow(
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
    const handled = this.handle(item)
    if (handled !== undefined) void handled.then(() => this.#pump())
    // What handling it brought along, such as a frame that came meanwhile.
    else if (this.#queue) void this.#pump()
    else this.#busy = false
  }

  /** Does this before any frame that came or comes, such as verifying a token while the client already sends. */
  protected async takeFirst(work: () => Promise<void>): Promise<void> {
    this.#busy = true
    try {
      await work()
    } catch (error) {
      this.overflow(toFanfareError(error))
    }
    await this.#pump()
  }

  async #pump(): Promise<void> {
    this.#busy = true
    for (let item = this.#queue?.shift(); item !== undefined && !this.#shut; item = this.#queue?.shift()) {
      this.#bytes -= item.length
      const handled = this.handle(item)
      if (handled !== undefined) await handled
    }
    this.#queue = undefined
    this.#busy = false
  }

  protected shut(): void {
    this.#shut = true
    this.#queue = undefined
    this.#bytes = 0
  }
}
