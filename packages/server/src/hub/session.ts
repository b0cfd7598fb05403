/**
 * A session (one authenticated connection: who it is and how to speak to it) and its subscriptions (where it is), which
 * know each other. A session holds no timer; a subscription is the only place that decides whether an event goes out.
 */
import type { ErrorCode, Limits, Position, ReplyFrame, RoomEvent } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Identity, User } from '../model/identity.ts'
import type { RoomKey } from '../model/room-key.ts'
import type { Dialect, SpokenFrame } from '../wire/dialect.ts'
import { ByRoom } from './by-room.ts'
import type { EncodedEvent } from './encoded-event.ts'
import type { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Outbox, type OutboxOwner } from './outbox.ts'

/** What all sessions of a node share. */
export type SessionHome = {
  readonly clock: Clock
  readonly flusher: Flusher
  readonly limits: Pick<Limits, 'outboxBytes' | 'pongTimeoutMs'>
  readonly log: Log
  readonly metrics: Metrics
}

export type SessionOptions = {
  readonly home: SessionHome
  readonly id: string
  readonly identity: Identity
  readonly user: User
  readonly link: Link
  readonly dialect: Dialect
  readonly openedAt: number
}

/** It is the owner of its outbox itself, and repeats nothing of its identity: one that is idle costs little more than its fields. */
export class Session implements OutboxOwner {
  readonly id: string
  readonly link: Link
  readonly dialect: Dialect
  readonly outbox: Outbox
  readonly openedAt: number
  readonly #home: SessionHome
  /** A later one is of the same tenant and user. */
  identity: Identity
  user: User
  open = true
  /** Frames whose answers are under way. */
  pending = 0
  readonly subscriptions = new ByRoom<Subscription>()
  /** Rooms where presence shows this session. */
  present: Set<RoomKey> | undefined

  constructor(options: SessionOptions) {
    this.id = options.id
    this.identity = options.identity
    this.user = options.user
    this.link = options.link
    this.dialect = options.dialect
    this.openedAt = options.openedAt
    this.#home = options.home
    this.outbox = new Outbox(this)
  }

  get tenantId(): string {
    return this.identity.tenantId
  }

  get userId(): string {
    return this.identity.userId
  }

  /** Rooms that have a name for people; not those of the server's own. */
  roomNames(): string[] {
    return Array.from(this.subscriptions.values(), ({ name }) => name).filter((name) => !name.startsWith('__'))
  }

  send(frame: SpokenFrame): void {
    const text = this.dialect.encode(frame)
    if (text !== undefined) this.outbox.push(this.dialect.stamp?.(text, this.subscriptions.values()) ?? text)
  }

  /** False, and nothing is sent, when the answer is too large for what may wait. */
  reply(frame: ReplyFrame): boolean {
    const text = this.dialect.encode(frame)
    if (text === undefined) return true
    if (text.length > this.outbox.largest) return false
    this.outbox.push(text)
    return true
  }

  /** @throws what the application's words or key throw; the session has ended then, lest the event be passed over in silence */
  deliver(subscription: Subscription, encoded: EncodedEvent): void {
    try {
      this.#put(subscription, encoded)
    } catch (error) {
      this.end('internal', 'an event could not be put into words')
      throw error
    }
  }

  #put(subscription: Subscription, encoded: EncodedEvent): void {
    const { dialect, outbox } = this
    const frame = encoded.in(dialect)
    const key = outbox.congested ? subscription.keyOf(encoded.event) : undefined
    outbox.push(dialect.stamp ? dialect.stamp(frame, this.subscriptions.values()) : frame, key)
  }

  /** Sends what waits and ends the link. What belongs to the session is tidied when the link says that it closed. */
  end(code: ErrorCode | 'normal', reason: string): void {
    this.outbox.finish()
    this.link.close(code, reason)
  }

  // What its outbox asks and tells.

  get flusher(): Flusher {
    return this.#home.flusher
  }

  get limit(): number {
    return this.#home.limits.outboxBytes
  }

  /** Too slow: the client is told to resume; what it has not read is in the log. */
  slow(): void {
    const { clock, limits, log, metrics } = this.#home
    metrics.add('fanfare_slow_readers_total')
    log.info({ session: this.id, tenant: this.tenantId, user: this.userId }, 'a slow reader is closed')
    this.outbox.close()
    this.link.close('slow_reader', 'too slow: resume from your last position')
    // The close frame waits behind what the reader does not read: do not wait for it.
    clock.after(limits.pongTimeoutMs, () => this.link.terminate())
  }

  broken(error: unknown): void {
    this.#home.log.error({ error, session: this.id }, 'a link failed while it was written to')
    this.link.terminate()
  }

  sent(bytes: number): void {
    this.#home.metrics.add('fanfare_bytes_sent_total', bytes)
  }
}

export type SubscriptionState = 'holding' | 'live' | 'closed'

/** `missed`: the event does not follow the last one; the log must be read. */
export type Taken = 'sent' | 'held' | 'repeated' | 'missed'

// What a subscription says of itself besides its position, in one number: a node has several for each idle session.
const isHolding = 1
const isLive = 2
const hasBegun = 4
const isDoubtful = 8

/** A session in a room. While `holding`, events wait for the replay before them; while `live`, the next offset goes out and anything else means that something was missed. */
export class Subscription implements Position {
  readonly session: Session
  readonly room: Room
  /** Neither holding nor live: closed. */
  #flags = isHolding
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

  get state(): SubscriptionState {
    if ((this.#flags & isLive) !== 0) return 'live'
    return (this.#flags & isHolding) !== 0 ? 'holding' : 'closed'
  }

  /** Its client was told that it is in the room: until then, the right to be there included, it hears nothing of it. */
  get begun(): boolean {
    return (this.#flags & hasBegun) !== 0
  }

  begin(): void {
    this.#flags |= hasBegun
  }

  /** Something was lost while this held: what a read gave before may not reach up to what is held. */
  get #doubtful(): boolean {
    return (this.#flags & isDoubtful) !== 0
  }

  #become(phase: typeof isHolding | typeof isLive | 0): void {
    this.#flags = (this.#flags & ~(isHolding | isLive)) | phase
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset }
  }

  moveTo(position: Position): void {
    this.epoch = position.epoch
    this.offset = position.offset
  }

  /** By which a newer event takes the place of this one for a reader that is behind; undefined where none may. @throws what the room's own key throws */
  keyOf(event: RoomEvent): string | undefined {
    const { slow } = this.room.rule
    return slow === 'resume' ? undefined : `${this.name} ${slow.conflate(event)}`
  }

  take(encoded: EncodedEvent, heldLimit: number): Taken {
    if ((this.#flags & isLive) === 0) return this.#hold(encoded, heldLimit)
    const { event } = encoded
    if (encoded.epoch === this.epoch) {
      if (event.offset <= this.offset) return 'repeated'
      if (event.offset === this.offset + 1) {
        this.#send(encoded)
        return 'sent'
      }
    }
    this.#become(isHolding)
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

  /** The engine may have lost events of the room. True when the log must be read again; while holding, `release` sees to it. */
  doubt(): boolean {
    if (this.state === 'holding') this.#flags |= isDoubtful
    if (this.state !== 'live') return false
    this.#become(isHolding)
    return true
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
   * Lets out what was held, once the log was read up to its top. False when the first held event does not follow, or
   * events may have been lost meanwhile: the log must be read again.
   */
  release(): boolean {
    const held = this.#held ?? []
    this.#held = undefined
    if (this.#doubtful) {
      this.#flags &= ~isDoubtful
      return false
    }
    for (const encoded of held) {
      // To send may end the session of a slow reader, and this with it.
      if (this.state !== 'holding') return true
      if (encoded.epoch !== this.epoch) return false
      if (encoded.event.offset <= this.offset) continue
      if (encoded.event.offset !== this.offset + 1) return false
      this.#send(encoded)
    }
    if (this.state === 'holding') this.#become(isLive)
    return true
  }

  close(): void {
    this.#become(0)
    this.#held = undefined
  }
}
