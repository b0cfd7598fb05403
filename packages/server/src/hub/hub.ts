/** Who is on this node: sessions by id and user, subscriptions by room, and the one way out to all of them. */
import type { Member, PresenceChange, RoomEvent } from '@fanfare/protocol'
import type { Room, TenantStats } from '../app/app.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Identity } from '../model/identity.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import { EncodedEvent } from './encoded-event.ts'
import type { Session, Subscription } from './session.ts'

export type HubOptions = {
  readonly metrics: Metrics
  readonly heldEvents: number
  /** A live subscription missed something; it holds from now on and must be caught up. */
  readonly resync: (subscription: Subscription) => void
}

/** Most users have one session: a set is made for the others only, because every idle session pays for it. */
type OfUser = Session | Set<Session>

/** Who of one tenant is here. */
type OfTenant = { readonly users: Map<string, OfUser>; sessions: number }

export type SessionCounts = { readonly ofUser: number; readonly ofTenant: number }

export class Hub {
  readonly sessions = new Map<string, Session>()
  /** Two steps, because a key made of both names would cost every session a text of its own. */
  readonly #tenants = new Map<string, OfTenant>()
  readonly #rooms = new Map<RoomKey, Set<Subscription>>()
  readonly #options: HubOptions

  constructor(options: HubOptions) {
    this.#options = options
    options.metrics.gauge('fanfare_sessions', () => this.sessions.size)
    options.metrics.gauge('fanfare_rooms', () => this.#rooms.size)
    options.metrics.gauge('fanfare_subscriptions', () => {
      let count = 0
      for (const subscriptions of this.#rooms.values()) count += subscriptions.size
      return count
    })
  }

  add(session: Session): void {
    this.sessions.set(session.id, session)
    const { tenantId, userId } = session
    const tenant = this.#tenants.get(tenantId) ?? { users: new Map<string, OfUser>(), sessions: 0 }
    if (tenant.sessions++ === 0) this.#tenants.set(tenantId, tenant)
    const there = tenant.users.get(userId)
    if (there === undefined) tenant.users.set(userId, session)
    else if (there instanceof Set) there.add(session)
    else tenant.users.set(userId, new Set([there, session]))
  }

  remove(session: Session): void {
    this.sessions.delete(session.id)
    const { tenantId, userId } = session
    const tenant = this.#tenants.get(tenantId)
    if (!tenant) return
    if (--tenant.sessions === 0) this.#tenants.delete(tenantId)
    const there = tenant.users.get(userId)
    if (there instanceof Set) there.delete(session)
    if (there === session || (there instanceof Set && there.size === 0)) tenant.users.delete(userId)
  }

  sessionsOf(tenantId: string, userId: string): readonly Session[] {
    const there = this.#tenants.get(tenantId)?.users.get(userId)
    if (there === undefined) return []
    return there instanceof Set ? [...there] : [there]
  }

  /** How many sessions are here. */
  countsOf({ tenantId, userId }: Pick<Identity, 'tenantId' | 'userId'>): SessionCounts {
    const tenant = this.#tenants.get(tenantId)
    const there = tenant?.users.get(userId)
    const ofUser = there instanceof Set ? there.size : there === undefined ? 0 : 1
    return { ofUser, ofTenant: tenant?.sessions ?? 0 }
  }

  /** One session of each user who is here. May be read on while users come and go. */
  *people(): Generator<Session> {
    for (const { users } of this.#tenants.values()) {
      for (const there of users.values()) {
        if (!(there instanceof Set)) yield there
        else for (const session of [...there].slice(0, 1)) yield session
      }
    }
  }

  get userCount(): number {
    let count = 0
    for (const { users } of this.#tenants.values()) count += users.size
    return count
  }

  /** Rooms that somebody here was told to be in. May be read on while rooms come and go. */
  *inhabited(): Generator<RoomKey> {
    for (const key of this.#rooms.keys()) if (!this.sessionsIn(key).next().done) yield key
  }

  get roomCount(): number {
    return this.#rooms.size
  }

  /** Those that were told that they are in the room. */
  *sessionsIn(key: RoomKey): Generator<Session> {
    for (const { session, begun } of this.#rooms.get(key) ?? []) if (begun) yield session
  }

  /** True when it is the first subscription of the room on this node. */
  enter(subscription: Subscription): boolean {
    subscription.session.subscriptions.put(subscription)
    const there = this.#rooms.get(subscription.room.key)
    if (there) {
      there.add(subscription)
      return false
    }
    this.#rooms.set(subscription.room.key, new Set([subscription]))
    return true
  }

  leave(subscription: Subscription): void {
    subscription.close()
    const { session, room } = subscription
    if (session.subscriptions.get(room.key) === subscription) session.subscriptions.delete(room.key)
    const there = this.#rooms.get(room.key)
    there?.delete(subscription)
    if (there?.size === 0) this.#rooms.delete(room.key)
  }

  isEmpty(room: Room): boolean {
    return !this.#rooms.has(room.key)
  }

  /** The engine's way out: to every subscription of the room on this node, in the order of the calls. */
  deliver(key: RoomKey, epoch: string, event: RoomEvent): void {
    const subscriptions = this.#rooms.get(key)
    if (!subscriptions) return
    const encoded = new EncodedEvent(epoch, event)
    let sent = 0
    for (const subscription of subscriptions) {
      const taken = subscription.take(encoded, this.#options.heldEvents)
      if (taken === 'sent') sent++
      else if (taken === 'missed') this.#options.resync(subscription)
    }
    if (sent > 0) this.#options.metrics.add('fanfare_events_delivered_total', sent)
  }

  /** The engine lost its place in the room: whoever is in it reads the log again. */
  lost(key: RoomKey): void {
    for (const subscription of this.#rooms.get(key) ?? []) {
      if (subscription.doubt()) this.#options.resync(subscription)
    }
  }

  presenceChanged(key: RoomKey, change: PresenceChange, member: Member): void {
    const room = roomOfKey(key).name
    for (const { session, begun } of this.#rooms.get(key) ?? []) {
      if (begun) session.send({ type: 'presence', room, change, member })
    }
  }

  stats(tenantId: string): TenantStats {
    const sessionsByUser: Record<string, number> = Object.create(null)
    const sessionsByRoom: Record<string, number> = Object.create(null)
    let sessions = 0
    for (const session of this.sessions.values()) {
      if (session.tenantId !== tenantId) continue
      sessions++
      sessionsByUser[session.userId] = (sessionsByUser[session.userId] ?? 0) + 1
      for (const name of session.roomNames()) sessionsByRoom[name] = (sessionsByRoom[name] ?? 0) + 1
    }
    return {
      sessions,
      users: Object.keys(sessionsByUser).length,
      rooms: Object.keys(sessionsByRoom).length,
      sessionsByRoom,
      sessionsByUser,
    }
  }
}
