/**
 * What waits to be sent to one session: bounded, flushed once a tick, in order. Owns no socket and decides nothing about
 * the session: a reader that is too slow is reported once, and its session's owner closes it.
 */
import type { Frame } from '../wire/dialect.ts'
import type { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Queue } from './queue.ts'
import type { Run } from './run.ts'

/** Above this many bytes in the link nothing more is written until it drains; at this many waiting the tick is not waited for. */
const highWater = 64 * 1024

/** Whoever the outbox is for. It keeps this object: one with methods, not closures, costs an idle session less. */
export type OutboxOwner = {
  readonly link: Link
  readonly flusher: Flusher
  /** Outbox and link together hold at most about this many bytes (UTF-16 units counted as bytes). */
  readonly limit: number
  /** Called once. The outbox takes nothing more. */
  slow(): void
  /** The link threw. Called once; the outbox takes nothing more. */
  broken(error: unknown): void
  sent(bytes: number): void
}

export class Outbox {
  readonly #owner: OutboxOwner
  /** A run while the link keeps up: shared, and gone with its tick. A queue of its own for a reader that is behind. */
  #waits: Run | Queue | undefined
  #linkBytes = 0
  #marked = false
  #closed = false
  #waiting: (() => void)[] | undefined

  constructor(owner: OutboxOwner) {
    this.#owner = owner
  }

  /** The link has not taken what it was given: the time to conflate, and to watch for a stall. */
  get congested(): boolean {
    return this.#linkBytes > 0
  }

  get bytes(): number {
    return this.#waits?.bytes ?? 0
  }

  /** A frame that is larger than this had better be refused than make its reader a slow one. */
  get largest(): number {
    return this.#owner.limit / 2
  }

  /** There is no room for more than a frame or two: who has many waits until `ready`. */
  get full(): boolean {
    return !this.#closed && this.bytes + this.#linkBytes >= highWater
  }

  /** Asks the link anew. For the watch over stalled readers. */
  linkBytes(): number {
    this.#linkBytes = this.#closed ? 0 : this.#owner.link.buffered()
    return this.#linkBytes
  }

  /** With `conflate`, while the link is congested, a waiting frame of the same key gives way to this one. */
  push(frame: Frame, conflate?: string): void {
    if (this.#closed) return
    const waits = this.#waits
    if (waits instanceof Queue || this.congested) this.#queue().push(frame, this.congested ? conflate : undefined)
    else this.#waits = (waits ?? this.#owner.flusher.start).with(frame)
    if (this.bytes >= highWater) this.#relieve()
    if (!this.#marked && !this.#closed) {
      this.#marked = true
      this.#owner.flusher.mark(this)
    }
  }

  #queue(): Queue {
    const waits = this.#waits
    if (waits instanceof Queue) return waits
    const queue = new Queue(waits?.frames ?? [], waits?.bytes ?? 0)
    this.#waits = queue
    return queue
  }

  /** A burst larger than the high water within one tick: write now if the link can take it, give up if it cannot. */
  #relieve(): void {
    if (this.linkBytes() < highWater) this.#write()
    if (this.bytes + this.#linkBytes <= this.#owner.limit) return
    this.close()
    this.#owner.slow()
  }

  /** Writes what waits, unless the link is still full. Called by the flusher, once a tick. */
  flush(): void {
    this.#marked = false
    if (this.#closed) return
    if (this.#linkBytes > 0) this.linkBytes()
    if (this.#linkBytes < highWater) this.#write()
    // What waits longer than its tick is no longer shared, and holds nothing that others were given.
    else if (this.#waits) this.#queue()
  }

  #write(): void {
    const waits = this.#waits
    if (waits) {
      this.#waits = undefined
      this.#owner.link.write(waits.frames)
      this.#owner.sent(waits.bytes)
      this.linkBytes()
    }
    if (this.#waiting && this.#linkBytes < highWater) this.#release()
  }

  /** The link has room again: flush in the next tick, never from inside its callback (hazard B4). */
  drained(): void {
    if (this.#marked || this.#closed) return
    this.#marked = true
    this.#owner.flusher.mark(this)
  }

  /** Resolves when there is room for more than one frame: at once, or after the link drained, or when the outbox closed. */
  ready(): Promise<void> | undefined {
    if (!this.full) return undefined
    this.#waiting ??= []
    return new Promise((resolve) => this.#waiting?.push(resolve))
  }

  #release(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const resolve of waiting) resolve()
  }

  broken(error: unknown): void {
    this.close()
    this.#owner.broken(error)
  }

  /** Writes what the link will take, and takes nothing more. */
  finish(): void {
    if (!this.#closed) this.#write()
    this.close()
  }

  close(): void {
    this.#closed = true
    this.#waits = undefined
    this.#release()
  }
}
