/**
 * The port for who is in a room, over every node. A user is a member from the first session that enters to the last that
 * leaves. I7: an entry whose lease is not renewed ends without help, and says `leave`.
 */
import type { Json, Member, PresenceChange } from '@fanfare/protocol'
import type { RoomKey } from '../model/room-key.ts'

export type PresenceEntry = {
  readonly room: RoomKey
  readonly userId: string
  /** The session; unique over all nodes. */
  readonly session: string
}

export type PresenceSink = {
  /** Once for each change of a member, not of a session: `join` on the first entry, `leave` after the last. */
  changed(room: RoomKey, change: PresenceChange, member: Member): void
}

export type Presence = {
  start(sink: PresenceSink): Promise<() => Promise<void>>
  /** Enters, or changes the state of an entry; either way the lease begins anew. An equal state changes nothing and says nothing. */
  enter(entry: PresenceEntry, state: Json): Promise<void>
  /** Leaves now, or (`graceMs`) unless the user enters again before. */
  leave(entry: PresenceEntry, options: { readonly graceMs: number }): Promise<void>
  /** Lengthens the leases of these entries; a node calls it for all of its own, several times a lease. */
  renew(entries: readonly PresenceEntry[]): Promise<void>
  read(room: RoomKey): Promise<readonly Member[]>
}
