/** Which rooms together reach every server: one for each master, found by trying numbers, remembered by partition. */
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import type { Redis } from '../../redis/redis.ts'

/** Far more than it takes to meet each of 64 partitions by chance. */
const mostTries = 20_000

export const redisCanaries = (redis: Redis): ((tenantId: string) => readonly RoomKey[]) => {
  const found = new Map<string, ReadonlyMap<number, RoomKey>>()
  return (tenantId) => {
    let rooms = found.get(tenantId)
    if (!rooms) {
      rooms = oneRoomEach(redis, tenantId)
      found.set(tenantId, rooms)
    }
    return redis.shards().flatMap(({ partitions }) => {
      const keys = partitions.flatMap(({ index }) => rooms.get(index) ?? [])
      return keys.length === 0 ? [] : [keys.reduce((least, key) => (numberOf(key) < numberOf(least) ? key : least))]
    })
  }
}

const oneRoomEach = (redis: Redis, tenantId: string): ReadonlyMap<number, RoomKey> => {
  const rooms = new Map<number, RoomKey>()
  for (let number = 0; number < mostTries && rooms.size < redis.partitions.length; number++) {
    const key = roomKey(tenantId, `__canary:${number}`)
    const { index } = redis.partitionOf(key)
    if (!rooms.has(index)) rooms.set(index, key)
  }
  return rooms
}

const numberOf = (key: RoomKey): number => Number(key.slice(key.lastIndexOf(':') + 1))
