/**
 * A session in a room, and the only place that decides whether an event goes out to it. While `holding`, events wait for
 * the replay before them; while `live`, the next offset goes out and anything else means that something was missed.
 */
import type { Position } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { EncodedEvent } from './encoded-event.ts'
import type { Session } from './session.ts'

export type SubscriptionState = 'holding' | 'live' | 'closed'

/** `missed`: the event does not follow the last one; the log must be read. */
export type Taken = 'sent' | 'held' | 'repeated' | 'missed'

export class Subscription implements Position {
  readonly session: Session
  readonly room: Room
  state: SubscriptionState = 'holding'
  epoch = ''
  /** The last event that went out, or where the subscription began. */
  offset = 0
  #held: EncodedEvent[] | undefined

  constructor(session: Session, room: Room) {
    this.session = session
    this.room = room
  }

  get name(): string {
    return this.room.name
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset }
  }

  moveTo(position: Position): void {
    this.epoch = position.epoch
    this.offset = position.offset
  }

  take(encoded: EncodedEvent, heldLimit: number): Taken {
    if (this.state !== 'live') return this.#hold(encoded, heldLimit)
    const { event } = encoded
    if (encoded.epoch === this.epoch) {
      if (event.offset <= this.offset) return 'repeated'
      if (event.offset === this.offset + 1) {
        this.#send(encoded)
        return 'sent'
      }
    }
    this.state = 'holding'
    this.#hold(encoded, heldLimit)
    return 'missed'
  }

  #hold(encoded: EncodedEvent, limit: number): Taken {
    if (this.state === 'closed') return 'repeated'
    this.#held ??= []
    // Over the limit the older ones go: the hole that they leave shows by offset, and the log is read again.
    if (this.#held.length >= limit) this.#held.length = 0
    this.#held.push(encoded)
    return 'held'
  }

  /** An event read from the log, in order. */
  replay(encoded: EncodedEvent): void {
    this.#send(encoded)
  }

  #send(encoded: EncodedEvent): void {
    this.offset = encoded.event.offset
    this.session.deliver(this, encoded)
  }

  /**
   * Lets out what was held, once the log was read up to its top. False when the first held event does not follow: the
   * log must be read again.
   */
  release(): boolean {
    const held = this.#held ?? []
    this.#held = undefined
    for (const encoded of held) {
      if (encoded.epoch !== this.epoch) return false
      if (encoded.event.offset <= this.offset) continue
      if (encoded.event.offset !== this.offset + 1) return false
      this.#send(encoded)
    }
    this.state = 'live'
    return true
  }

  close(): void {
    this.state = 'closed'
    this.#held = undefined
  }
}
