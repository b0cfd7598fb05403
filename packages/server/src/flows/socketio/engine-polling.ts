/** Frames of one session on their way to a client that polls: they wait here until a GET takes them. At most one GET is open. */
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Frame } from '../../wire/dialect.ts'
import { encodePayload } from '../../wire/socketio/engine-packets.ts'

/** Shared by all who have nothing waiting; never changed. */
const none: Frame[] = []

export class Polling {
  readonly #drained: () => void
  #waiting: Frame[] = none
  /** Of messages alone: pings weigh nothing. */
  #bytes = 0
  #poll: Deferred<string> | undefined
  #marked = false

  /** @param drained called when messages that waited were taken */
  constructor(drained: () => void) {
    this.#drained = drained
  }

  get bytes(): number {
    return this.#bytes
  }

  get polled(): boolean {
    return this.#poll !== undefined
  }

  /** A tick's writes go out in one answer. */
  write(frames: readonly Frame[]): void {
    for (const frame of frames) this.#bytes += frame.length
    this.control(...frames)
  }

  /** Packets of the transport's own. */
  control(...frames: readonly Frame[]): void {
    if (this.#waiting === none) this.#waiting = []
    for (const frame of frames) this.#waiting.push(frame)
    if (!this.#poll || this.#marked) return
    this.#marked = true
    queueMicrotask(() => {
      this.#marked = false
      this.#flush()
    })
  }

  /** The payload that the GET will be answered with. Only while none is open. */
  poll(): Promise<string> {
    const poll = deferred<string>()
    this.#poll = poll
    this.#flush()
    return poll.promise
  }

  /** Answers the GET, if one is open, with what waits and this packet. */
  release(last: string): void {
    const poll = this.#poll
    if (!poll) return
    this.#poll = undefined
    const taken = this.#bytes
    poll.resolve(encodePayload([...this.#take(), last]))
    if (taken > 0) this.#drained()
  }

  /** What no GET took, for whoever carries the session from now on. */
  leave(last: string): readonly Frame[] {
    const left = this.#take()
    this.release(last)
    return left
  }

  #flush(): void {
    const poll = this.#poll
    if (!poll || this.#waiting.length === 0) return
    this.#poll = undefined
    const taken = this.#bytes
    poll.resolve(encodePayload(this.#take()))
    if (taken > 0) this.#drained()
  }

  #take(): readonly Frame[] {
    const frames = this.#waiting
    this.#waiting = none
    this.#bytes = 0
    return frames
  }
}
