/** A log that says of each event which is to be reacted to whether this process is at it: only who was told that it stands can be. */
import type { Soon } from '../../lib/soon.ts'
import type { LogRoom } from '../../model/room.ts'
import type { Published, RoomLog } from '../room-log.ts'
import type { RedisUnreacted } from './unreacted.ts'

export const reactingLog = (rooms: RoomLog, unreacted: RedisUnreacted): RoomLog => ({
  async start(sink) {
    const stop = await rooms.start(sink)
    const rest = unreacted.start()
    return async () => {
      await stop()
      await rest()
    }
  },
  listen: (room) => rooms.listen(room),
  unlisten: (room) => rooms.unlisten(room),
  publish: (room, draft, options) =>
    options?.react && room.log.durable
      ? reacting(unreacted, room, () => rooms.publish(room, draft, options))
      : rooms.publish(room, draft, options),
  read: (room, query) => rooms.read(room, query),
  forget: (room) => rooms.forget(room),
})

const reacting = async (
  unreacted: RedisUnreacted,
  room: LogRoom,
  publish: () => Soon<Published>,
): Promise<Published> => {
  try {
    const published = await publish()
    if (!published.duplicate) unreacted.keep(room.key, published.id)
    return published
  } catch (error) {
    // It may have been stored, or may be yet.
    unreacted.doubt(room.key)
    throw error
  }
}
