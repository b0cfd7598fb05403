/** One authenticated connection: who it is, where it is, and how to speak to it. Holds no timer; decides no policy. */
import type { ErrorCode } from '@fanfare/protocol'
import type { Identity, User } from '../model/identity.ts'
import type { RoomKey } from '../model/room-key.ts'
import type { Dialect, SpokenFrame } from '../wire/dialect.ts'
import type { EncodedEvent } from './encoded-event.ts'
import type { Link } from './link.ts'
import type { Outbox } from './outbox.ts'
import type { Subscription } from './subscription.ts'

export type SessionOptions = {
  readonly id: string
  readonly identity: Identity
  readonly user: User
  readonly link: Link
  readonly dialect: Dialect
  readonly outbox: Outbox
  readonly openedAt: number
}

export class Session {
  readonly id: string
  readonly link: Link
  readonly dialect: Dialect
  readonly outbox: Outbox
  readonly openedAt: number
  readonly tenantId: string
  readonly userId: string
  identity: Identity
  user: User
  open = true
  readonly subscriptions = new Map<RoomKey, Subscription>()
  /** Rooms where presence shows this session. */
  present: Set<RoomKey> | undefined

  constructor(options: SessionOptions) {
    this.id = options.id
    this.identity = options.identity
    this.user = options.user
    this.tenantId = options.identity.tenantId
    this.userId = options.identity.userId
    this.link = options.link
    this.dialect = options.dialect
    this.outbox = options.outbox
    this.openedAt = options.openedAt
  }

  send(frame: SpokenFrame): void {
    const text = this.dialect.encode(frame)
    if (text !== undefined) this.outbox.push(this.dialect.stamp?.(text, this.subscriptions.values()) ?? text)
  }

  deliver(subscription: Subscription, encoded: EncodedEvent): void {
    const { dialect, outbox } = this
    const frame = encoded.in(dialect)
    const { slow } = subscription.room.rule
    const key =
      slow !== 'resume' && outbox.congested ? `${subscription.name} ${slow.conflate(encoded.event)}` : undefined
    outbox.push(dialect.stamp ? dialect.stamp(frame, this.subscriptions.values()) : frame, key)
  }

  /** Sends what waits and ends the link. What belongs to the session is tidied when the link says that it closed. */
  end(code: ErrorCode | 'normal', reason: string): void {
    this.outbox.finish()
    this.link.close(code, reason)
  }
}
