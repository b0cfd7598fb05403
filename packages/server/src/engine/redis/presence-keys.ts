/**
 * Where presence is in Redis. Everything of a room is in the room's partition, beside its log.
 *
 * `presence-members` of a room: a hash of `v` → the version, and `u<userId>` → `<since ms> <state>`, which is what others see. It is
 * there as long as somebody is in. `presence-entries` of a room: a hash of userId → the user's sessions, the most recent last.
 * `presence-leases` of a partition: a sorted set of {@link leaseOf} by when it is over. `presence` of a partition: a hash of `born`
 * and `count`, which numbers the changes of all its rooms and never goes back.
 */

import type { RoomKey } from '../../model/room-key.ts'
import type { Partition, Redis } from '../../redis/redis.ts'
import type { PresenceEntry } from '../presence.ts'

/** What stands before the text of a presence message on the channel of a room. */
export const presenceEnvelope = '1 p '

/** The field of a room's members that holds the version; where there is none the version is `0`. */
export const versionField = 'v'

/** With the room `''`: what all such keys of the partition begin with. */
export const membersKey = (redis: Redis, partition: Partition, room: RoomKey | ''): string =>
  redis.key(partition, 'presence-members', room)
export const entriesKey = (redis: Redis, partition: Partition, room: RoomKey | ''): string =>
  redis.key(partition, 'presence-entries', room)
export const roomChannel = (redis: Redis, partition: Partition, room: RoomKey | ''): string =>
  redis.key(partition, 'room', room)
export const leasesKey = (redis: Redis, partition: Partition): string => redis.key(partition, 'presence-leases')
export const ledgerKey = (redis: Redis, partition: Partition): string => redis.key(partition, 'presence')

/**
 * Names an entry among the leases; without a session, the grace of a user. Sessions hold no bar, and a room's key exactly one,
 * so that the user, who may hold anything, is the rest.
 */
export const leaseOf = ({ room, userId, session }: PresenceEntry): string => `${session}|${room}|${userId}`
