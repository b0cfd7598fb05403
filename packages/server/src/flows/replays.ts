/**
 * Puts what is replayed into words once for all who come back at the same time. Known by the event itself and never by its
 * position: what a read gives anew, because it was redacted or its log began again, is encoded anew. Bounded in bytes and time.
 */
import type { RoomEvent } from '@fanfare/protocol'
import { weightOf } from '../engine/weight.ts'
import { EncodedEvent } from '../hub/encoded-event.ts'
import type { Clock } from '../lib/clock.ts'

export type ReplaysOptions = {
  readonly clock: Clock
  /** What the events may weigh that are kept in words, about; their frames weigh less. @default 32 MB */
  readonly bytes?: number
  /** An event is kept for at least so long, and for at most twice as long, after it was last wanted. @default 5,000 */
  readonly keptMs?: number
}

const defaults = { bytes: 32 * 1024 * 1024, keptMs: 5_000 }

type Encoded = Map<RoomEvent, EncodedEvent>

export class Replays {
  readonly #clock: Clock
  readonly #bytes: number
  readonly #keptMs: number
  /** Two halves, so that the older goes whole: nothing is sorted, and each has half of the bytes. */
  #young: Encoded = new Map()
  #old: Encoded = new Map()
  #youngBytes = 0
  #turning = false

  constructor(options: ReplaysOptions) {
    const { clock, bytes, keptMs } = { ...defaults, ...options }
    this.#clock = clock
    this.#bytes = bytes
    this.#keptMs = keptMs
  }

  /** How many events are kept in words. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The same for everybody who replays the event. */
  encoded(epoch: string, event: RoomEvent): EncodedEvent {
    const known = this.#young.get(event)
    if (known?.epoch === epoch) return known
    const older = this.#old.get(event)
    const encoded = older?.epoch === epoch ? older : new EncodedEvent(epoch, event)
    this.#old.delete(event)
    this.#keep(encoded)
    return encoded
  }

  #keep(encoded: EncodedEvent): void {
    const weight = weightOf(encoded.event)
    if (weight > this.#bytes / 2) return
    if (this.#youngBytes + weight > this.#bytes / 2) this.#turn()
    this.#young.set(encoded.event, encoded)
    this.#youngBytes += weight
    this.#turnLater()
  }

  /** No timer stands while nothing is kept. */
  #turnLater(): void {
    if (this.#turning) return
    this.#turning = true
    this.#clock.after(this.#keptMs, () => {
      this.#turning = false
      this.#turn()
      if (this.#old.size > 0) this.#turnLater()
    })
  }

  #turn(): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }
}
