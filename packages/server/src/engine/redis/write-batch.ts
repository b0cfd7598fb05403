/** A batch of writes as `scripts/write.lua` wants it, and what that answers. Pure; which event goes where is decided there. */
import { FanfareError, type Position } from '@fanfare/protocol'
import type { LogPolicy, LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Reply } from '../../redis/redis.ts'
import type { Publish, Write, Written } from './broker.ts'
import type { RoomKeys } from './room-keys.ts'

type RoomOfBatch = {
  readonly index: number
  /** Says what is known of the room. */
  write: Write
  /** The epoch that answers are in which name none. */
  told: string
}

export type WriteBatch = {
  readonly writes: readonly Write[]
  /** Of each write. */
  readonly rooms: readonly RoomOfBatch[]
  /** From KEYS[4]. */
  readonly keys: readonly string[]
  /** From ARGV[7]. */
  readonly args: readonly (string | number)[]
  /** The JSON of each event; empty for a forget. */
  readonly bodies: readonly string[]
}

const day = 24 * 60 * 60_000
/** How long a room's position is remembered beyond its events. After that a new epoch is honest. */
const rememberedMs = { memory: day, durable: 30 * day, unique: day / 24 }

/** As scripts have it: -1 for no end. */
export const finite = (value: number): number => (Number.isFinite(value) ? Math.floor(value) : -1)

/** How long a room's meta lives without a write, ms; 0: for ever. */
export const metaLifeMs = ({ keep, forMs, durable, unique }: LogPolicy): number => {
  const base = rememberedMs[unique ? 'unique' : durable ? 'durable' : 'memory']
  if (keep === 0) return base
  return Number.isFinite(forMs) ? base + Math.floor(forMs) : 0
}

export const waitsForReplicas = (room: LogRoom): boolean => room.log.acks === 'replicas'

/** Keys before a room's first: the partition's life, who keeps unreacted events, this process's own. */
const keysBefore = 3

export const batchOf = (writes: readonly Write[], names: RoomKeys): WriteBatch => {
  const byKey = new Map<RoomKey, RoomOfBatch>()
  const rooms = writes.map((write) => roomOf(byKey, write))
  const keys: string[] = []
  const args: (string | number)[] = [byKey.size]
  for (const room of byKey.values()) pushRoom(room, names, { keys, args })
  const bodies = writes.map((write, at) => {
    const { index } = rooms[at]!
    if (write.kind === 'publish') return pushPublish(write, index, { names, keys, args })
    args.push(`f${index} ${write.room.log.unique ? 'u' : ''}`)
    return ''
  })
  return { writes, rooms, keys, args, bodies }
}

const roomOf = (byKey: Map<RoomKey, RoomOfBatch>, write: Write): RoomOfBatch => {
  const first = byKey.get(write.room.key)
  if (!first) {
    const room = { index: byKey.size + 1, write, told: '' }
    byKey.set(write.room.key, room)
    return room
  }
  // What is known may have grown while they waited together.
  if (write.known) first.write = write
  return first
}

type Pushed = { readonly keys: string[]; readonly args: (string | number)[] }

const pushRoom = (room: RoomOfBatch, names: RoomKeys, { keys, args }: Pushed): void => {
  const { key, log } = room.write.room
  const { known } = room.write
  room.told = known?.epoch ?? ''
  keys.push(names.meta(key), names.log(key))
  args.push(key, finite(log.keep), finite(log.forMs), metaLifeMs(log), known?.epoch ?? '', known?.offset ?? 0)
}

const pushPublish = (
  { room, draft, key, react }: Publish,
  index: number,
  { names, keys, args }: Pushed & { readonly names: RoomKeys },
): string => {
  const body = JSON.stringify(draft)
  const kept = react && room.log.durable
  const waits = waitsForReplicas(room)
  if (key === undefined && !kept && !waits) args.push(index, body)
  else {
    const once = key === undefined ? 0 : keysBefore + keys.push(names.once(room.key, key))
    const special = `${key === undefined ? '' : 'k'}${kept ? 'r' : ''}${waits ? 'w' : ''}`
    args.push(`p${index} ${special}`, body, once, draft.id, draft.timestamp)
  }
  return body
}

/** What was answered to each write of a batch. */
export const writtenOf = ({ writes, rooms }: WriteBatch, answers: readonly Reply[]): readonly Written[] =>
  writes.map((write, index) => {
    const answer = answers[index]!
    const room = rooms[index]!
    if (typeof answer === 'number') return publishedOf(write, { epoch: room.told, offset: answer })
    const [kind, epoch, offset, timestamp, id] = answer as readonly [number, string, number, string, string]
    if (kind === 3) return { kind: 'forgotten', epoch }
    if (kind === 0) return failedOf(epoch)
    if (kind === 2) return publishedOf(write, { epoch, offset }, { id, timestamp })
    room.told = epoch
    return publishedOf(write, { epoch, offset })
  })

const failedOf = (why: string): Written => ({
  kind: 'failed',
  error: new FanfareError('unavailable', 'Redis did not do it.', { cause: new Error(why) }),
})

/** @param first what was published with the same key before */
const publishedOf = (
  write: Write,
  { epoch, offset }: Position,
  first?: { readonly id: string; readonly timestamp: string },
): Written => {
  if (write.kind === 'forget') return failedOf('it answered something else')
  const { id, timestamp } = first ?? write.draft
  const durability = waitsForReplicas(write.room) ? 'replicas' : 'broker'
  return { kind: 'published', duplicate: first !== undefined, receipt: { id, epoch, offset, timestamp, durability } }
}
