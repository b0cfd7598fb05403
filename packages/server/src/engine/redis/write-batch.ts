/** A batch of writes as `scripts/write.lua` wants it, and what that answers. Pure; which event goes where is decided there. */
import { FanfareError } from '@fanfare/protocol'
import type { LogPolicy, LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Reply } from '../../redis/redis.ts'
import type { Write, Written } from './broker.ts'
import type { RoomKeys } from './room-keys.ts'

export type WriteBatch = {
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
  const rooms = new Map<RoomKey, { readonly index: number; write: Write }>()
  for (const write of writes) {
    const known = rooms.get(write.room.key)
    if (!known) rooms.set(write.room.key, { index: rooms.size + 1, write })
    // What is known may have grown while they waited together.
    else if (write.known) known.write = write
  }
  const keys: string[] = []
  const args: (string | number)[] = [rooms.size]
  for (const { write } of rooms.values()) {
    const { key, log } = write.room
    keys.push(names.meta(key), names.log(key))
    args.push(
      key,
      finite(log.keep),
      finite(log.forMs),
      metaLifeMs(log),
      write.known?.epoch ?? '',
      write.known?.offset ?? 0,
    )
  }
  const bodies = writes.map((write) => {
    const { index } = rooms.get(write.room.key)!
    if (write.kind === 'forget') {
      args.push('f', index, write.room.log.unique ? 'u' : '')
      return ''
    }
    const body = JSON.stringify(write.draft)
    const keyed = write.key === undefined ? '' : 'k'
    const special = `${keyed}${write.react && write.room.log.durable ? 'r' : ''}${waitsForReplicas(write.room) ? 'w' : ''}`
    args.push('p', index, special, body)
    if (special !== '') {
      const once = write.key === undefined ? 0 : keysBefore + keys.push(names.once(write.room.key, write.key))
      args.push(once, write.draft.id, write.draft.timestamp)
    }
    return body
  })
  return { keys, args, bodies }
}

/** What was answered to one write. */
export const writtenOf = (write: Write, answer: Reply): Written => {
  const [kind, epoch, offset, timestamp, id] = answer as readonly [number, string, number, string, string]
  if (kind === 3) return { kind: 'forgotten', epoch }
  if (kind === 0 || write.kind === 'forget') {
    return {
      kind: 'failed',
      error: new FanfareError('unavailable', 'Redis did not do it.', { cause: new Error(epoch) }),
    }
  }
  const duplicate = kind === 2
  const durability = waitsForReplicas(write.room) ? 'replicas' : 'broker'
  const first = duplicate ? { id, timestamp } : { id: write.draft.id, timestamp: write.draft.timestamp }
  return { kind: 'published', duplicate, receipt: { ...first, epoch, offset, durability } }
}
