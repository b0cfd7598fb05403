/**
 * Who is in which room, in this process. A user's sessions in a room make one member; leases and graces end by one sweep,
 * never by a timer of their own (I7).
 */
import { isDeepStrictEqual } from 'node:util'
import type { Json, Member, PresenceChange } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Presence, PresenceEntry, PresenceSink } from '../presence.ts'

export type EmbeddedPresenceOptions = {
  readonly clock: Clock
  readonly log: Log
  /** How long an entry lives without being renewed. */
  readonly leaseMs: number
  readonly sweepMs: number
}

type Shown = {
  readonly userId: string
  readonly since: string
  /** What the others have been told. */
  state: Json
  /** What each session said, the most recent last. */
  readonly sessions: Map<string, Json>
  /** Set while no session is left and the grace runs: when it ends, and whose it is. */
  grace: { readonly until: number; readonly session: string } | undefined
}

type Lease = { readonly entry: PresenceEntry; readonly until: number }

export class EmbeddedPresence implements Presence {
  readonly #options: EmbeddedPresenceOptions
  readonly #rooms = new Map<RoomKey, Map<string, Shown>>()
  /** In the order of renewal, which is the order of expiry: all leases are of one length. */
  readonly #leases = new Map<string, Lease>()
  readonly #graces = new Map<Shown, RoomKey>()
  #sink: PresenceSink | undefined

  constructor(options: EmbeddedPresenceOptions) {
    this.#options = options
  }

  async start(sink: PresenceSink): Promise<() => Promise<void>> {
    this.#sink = sink
    const sweeping = this.#options.clock.every(this.#options.sweepMs, () => this.#sweep())
    return async () => {
      sweeping.cancel()
      this.#sink = undefined
    }
  }

  async enter(entry: PresenceEntry, state: Json): Promise<void> {
    this.#renew(entry)
    const members = this.#rooms.get(entry.room) ?? new Map<string, Shown>()
    this.#rooms.set(entry.room, members)
    const shown = members.get(entry.userId)
    if (shown) {
      this.#graces.delete(shown)
      shown.grace = undefined
      // Taken out first, so that the session that spoke last is the last of the map.
      shown.sessions.delete(entry.session)
      shown.sessions.set(entry.session, state)
      this.#show(entry.room, shown)
      return
    }
    const since = new Date(this.#options.clock.now()).toISOString()
    const sessions = new Map([[entry.session, state]])
    const joined: Shown = { userId: entry.userId, since, state, sessions, grace: undefined }
    members.set(entry.userId, joined)
    this.#tell(entry.room, 'join', joined)
  }

  async leave(entry: PresenceEntry, { graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#leases.delete(leaseKey(entry))
    this.#end(entry, graceMs)
  }

  async renew(entries: readonly PresenceEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#leases.has(leaseKey(entry))) this.#renew(entry)
    }
  }

  async read(room: RoomKey): Promise<readonly Member[]> {
    return [...(this.#rooms.get(room)?.values() ?? [])].map(memberOf)
  }

  #renew(entry: PresenceEntry): void {
    const key = leaseKey(entry)
    this.#leases.delete(key)
    this.#leases.set(key, { entry, until: this.#options.clock.now() + this.#options.leaseMs })
  }

  #sweep(): void {
    const now = this.#options.clock.now()
    for (const [key, { entry, until }] of this.#leases) {
      if (until > now) break
      this.#leases.delete(key)
      this.#end(entry, 0)
    }
    for (const [shown, room] of this.#graces) {
      if (shown.grace !== undefined && shown.grace.until <= now) this.#remove(room, shown)
    }
  }

  #end({ room, userId, session }: PresenceEntry, graceMs: number): void {
    const shown = this.#rooms.get(room)?.get(userId)
    if (!shown) return
    if (!shown.sessions.delete(session)) {
      if (shown.grace?.session === session && graceMs === 0) this.#remove(room, shown)
      return
    }
    if (shown.sessions.size > 0) this.#show(room, shown)
    else if (graceMs === 0) this.#remove(room, shown)
    else {
      shown.grace = { until: this.#options.clock.now() + graceMs, session }
      this.#graces.set(shown, room)
    }
  }

  #remove(room: RoomKey, shown: Shown): void {
    this.#graces.delete(shown)
    const members = this.#rooms.get(room)
    members?.delete(shown.userId)
    if (members?.size === 0) this.#rooms.delete(room)
    this.#tell(room, 'leave', shown)
  }

  /** Lets the others see what the most recent session says, unless they see just that. */
  #show(room: RoomKey, shown: Shown): void {
    const state = [...shown.sessions.values()].at(-1)!
    if (isDeepStrictEqual(state, shown.state)) return
    shown.state = state
    this.#tell(room, 'update', shown)
  }

  #tell(room: RoomKey, change: PresenceChange, shown: Shown): void {
    try {
      this.#sink?.changed(room, change, memberOf(shown))
    } catch (error) {
      this.#options.log.error({ error, change }, 'a presence change could not be delivered on this node')
    }
  }
}

const memberOf = ({ userId, state, since }: Shown): Member => ({ userId, state, since })

/** A session's entry in one room. Sessions hold no bar, so no two pairs share a key. */
const leaseKey = ({ room, session }: PresenceEntry): string => `${session}|${room}`
