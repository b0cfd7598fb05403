/**
 * The way of writes to the broker. Those of a lane wait in one queue and go in batches, one in flight, so that they keep
 * their order through whatever happens. Bounded in number and bytes, and in time: who waits too long is told so.
 */
import { FanfareError } from '@fanfare/protocol'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Broker, Lane, Write, Written } from './broker.ts'
import type { Tick } from './tail.ts'

export type LaneBounds = {
  /** Writes of one batch, and about their bytes. @default 256, 1 MB */
  readonly batchWrites: number
  readonly batchBytes: number
  /** Writes that may wait in one lane, and about their bytes. @default 10,000, 32 MB */
  readonly waitingWrites: number
  readonly waitingBytes: number
}

export const laneBounds: LaneBounds = {
  batchWrites: 256,
  batchBytes: 1024 * 1024,
  waitingWrites: 10_000,
  waitingBytes: 32 * 1024 * 1024,
}

export type LanesOptions<Done> = {
  readonly broker: Pick<Broker, 'write'>
  readonly bounds: LaneBounds
  readonly tick: () => Tick
  /** Adds what the node knows of the room as the batch goes. */
  readonly prepare: (write: Write) => Write
  /** Called for each write in order, before whoever waits for it is told. What it throws, that one is told. */
  readonly apply: (write: Write, written: Written, asked: Tick) => Done
}

type Waiting<Done> = {
  readonly write: Write
  readonly bytes: number
  readonly settle: Deferred<Done>
  /** On which beat it came. */
  readonly born: number
}
type Queue<Done> = {
  waiting: Waiting<Done>[]
  flying: readonly Waiting<Done>[]
  /** Written, and not yet as safe as was asked. */
  readonly unsafe: Set<Waiting<Done>>
  /** Of those that wait and those that are unsafe. */
  bytes: number
}

export class Lanes<Done> {
  readonly #options: LanesOptions<Done>
  readonly #queues = new Map<Lane, Queue<Done>>()
  #beat = 0
  #drained: Deferred<void> | undefined

  constructor(options: LanesOptions<Done>) {
    this.#options = options
  }

  /**
   * @param bytes about what the write takes
   * @throws FanfareError `unavailable`: with the key, it may be tried again
   */
  put(lane: Lane, write: Write, bytes: number): Promise<Done> {
    const { waitingWrites, waitingBytes } = this.#options.bounds
    const queue = this.#queue(lane)
    if (queue.waiting.length + queue.unsafe.size >= waitingWrites || queue.bytes + bytes > waitingBytes) {
      return Promise.reject(new FanfareError('unavailable', 'More is being published than the broker takes.'))
    }
    const waiting = { write, bytes, settle: deferred<Done>(), born: this.#beat }
    queue.waiting.push(waiting)
    queue.bytes += bytes
    // Those of the same tick go together.
    if (queue.waiting.length === 1 && queue.flying.length === 0) queueMicrotask(() => void this.#run(lane, queue))
    return waiting.settle.promise
  }

  /** Rejects whoever has waited for `beats` of these calls. What is in flight may be done yet, and is applied then. */
  beat(beats: number): void {
    const oldest = ++this.#beat - beats
    for (const queue of this.#queues.values()) {
      for (const { settle, born } of [...queue.flying, ...queue.unsafe]) if (born <= oldest) settle.reject(tooLong())
      let late = 0
      while (late < queue.waiting.length && queue.waiting[late]!.born <= oldest) late++
      for (const { settle, bytes } of queue.waiting.splice(0, late)) {
        queue.bytes -= bytes
        settle.reject(tooLong())
      }
    }
    this.#tellDrained()
  }

  /** Resolves when nothing waits and nothing is in flight. */
  drain(): Promise<void> {
    this.#drained ??= deferred()
    this.#tellDrained()
    return this.#drained.promise
  }

  #queue(lane: Lane): Queue<Done> {
    let queue = this.#queues.get(lane)
    if (!queue) {
      queue = { waiting: [], flying: [], unsafe: new Set(), bytes: 0 }
      this.#queues.set(lane, queue)
    }
    return queue
  }

  async #run(lane: Lane, queue: Queue<Done>): Promise<void> {
    while (queue.waiting.length > 0 && queue.flying.length === 0) {
      queue.flying = this.#batch(queue)
      await this.#fly(lane, queue)
      queue.flying = []
    }
    this.#tellDrained()
  }

  #batch(queue: Queue<Done>): readonly Waiting<Done>[] {
    const { batchWrites, batchBytes } = this.#options.bounds
    let count = 0
    let bytes = 0
    for (const waiting of queue.waiting) {
      if (count === batchWrites || (count > 0 && bytes + waiting.bytes > batchBytes)) break
      count++
      bytes += waiting.bytes
    }
    queue.bytes -= bytes
    return queue.waiting.splice(0, count)
  }

  async #fly(lane: Lane, queue: Queue<Done>): Promise<void> {
    const { broker, prepare, tick } = this.#options
    const batch = queue.flying
    const asked = tick()
    try {
      const written = await broker.write(
        lane,
        batch.map(({ write }) => prepare(write)),
      )
      for (const [index, waiting] of batch.entries()) {
        const answer = written[index]
        if (answer?.kind === 'published' && answer.safe) {
          void this.#untilSafe(queue, waiting, answer.safe).then((safe) => safe && this.#settle(waiting, answer, asked))
        } else this.#settle(waiting, answer, asked)
      }
    } catch (error) {
      for (const { settle } of batch) settle.reject(asUnavailable(error))
    }
  }

  /** In the order of the writes, as those that are safe together are told so in their order. */
  async #untilSafe(queue: Queue<Done>, waiting: Waiting<Done>, safe: Promise<void>): Promise<boolean> {
    queue.unsafe.add(waiting)
    queue.bytes += waiting.bytes
    try {
      await safe
      return true
    } catch (error) {
      waiting.settle.reject(asUnavailable(error))
      return false
    } finally {
      queue.unsafe.delete(waiting)
      queue.bytes -= waiting.bytes
      this.#tellDrained()
    }
  }

  #settle({ write, settle }: Waiting<Done>, written: Written | undefined, asked: Tick): void {
    try {
      if (written === undefined)
        throw new FanfareError('internal', 'The broker answered fewer writes than it was given.')
      settle.resolve(this.#options.apply(write, written, asked))
    } catch (error) {
      settle.reject(error)
    }
  }

  #tellDrained(): void {
    if (!this.#drained) return
    for (const { waiting, flying, unsafe } of this.#queues.values()) {
      if (waiting.length + flying.length + unsafe.size > 0) return
    }
    this.#drained.resolve()
  }
}

const tooLong = (): FanfareError => new FanfareError('unavailable', 'The broker did not answer in time.')

const asUnavailable = (cause: unknown): FanfareError =>
  cause instanceof FanfareError ? cause : new FanfareError('unavailable', 'The broker did not answer.', { cause })
