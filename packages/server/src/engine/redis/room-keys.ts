/** The names of what is in Redis for one room, or for one of its idempotency keys; all of a room are in its partition. */
import type { RoomKey } from '../../model/room-key.ts'
import type { Partition, Redis } from '../../redis/redis.ts'

export type RoomKeys = {
  /** A hash: `e` epoch, `t` top, `a` time of the last event, `x` when the log expires. */
  meta(room: RoomKey): string
  /** A stream of `<offset>-<ms>` → the event as JSON without its offset. */
  log(room: RoomKey): string
  /** The receipt of what was published with the key. */
  once(room: RoomKey, key: string): string
}

export const roomKeysIn = (redis: Redis, partition: Partition): RoomKeys => {
  const [meta, log, once] = ['meta', 'log', 'once'].map((kind) => redis.key(partition, kind, ''))
  return {
    meta: (room) => meta + room,
    log: (room) => log + room,
    // A room's name holds no line end.
    once: (room, key) => `${once}${room}\n${key}`,
  }
}
