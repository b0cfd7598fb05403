/**
 * What the log's subscriptions tell the other parts that share a room's channel. The log is the only one who subscribes;
 * presence hears what concerns it here.
 */
import type { RoomKey } from '../../model/room-key.ts'

export type PresenceEar = {
  /** A message of presence in a room that this node listens to. */
  heard(room: RoomKey, message: string): void
  /** The room was compared with the server: what version presence there has now; `0` when nobody is in. */
  compared(room: RoomKey, version: string): void
  /** This node no longer listens to the room. */
  ended(room: RoomKey): void
}
