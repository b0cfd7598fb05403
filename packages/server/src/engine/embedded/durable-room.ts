/** One durable room as memory knows it: where its log stands on disk, and its newest events. The disk has the truth. */
import type { RoomEvent } from '@fanfare/protocol'
import type { LogPolicy } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { Ring } from '../ring.ts'
import type { Published } from '../room-log.ts'
import type { EventRow, Tables } from './tables.ts'

/** Where a log stands: on disk, or (in a group that is being written) where it will. `lowest`: no row is below it. */
export type Standing = { epoch: string; top: number; lowest: number }

export type DurableRoom = {
  readonly key: RoomKey
  readonly id: number
  epoch: string
  /** The newest events; its top is the top of the log. */
  readonly hot: Ring
  /** The lowest offset that the policy keeps, as far as is known, and when it was appended; a hint that only rises. */
  first: number
  firstAt: number
  lowest: number
  policy: LogPolicy
  usedAt: number
  /** Publishes with a key that are not committed yet. */
  readonly inFlight: Map<string, Promise<Published>>
  /** Operations that wait for a commit. */
  waiting: number
  /** Its neighbours by use. */
  older: DurableRoom | undefined
  newer: DurableRoom | undefined
}

/** Policies may say Infinity; SQLite's integers cannot. */
export const asInteger = (value: number): number =>
  Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(value)))

const unknownTime = Number.NEGATIVE_INFINITY

export const newRoom = (key: RoomKey, id: number, standing: Standing & { policy: LogPolicy }): DurableRoom => ({
  key,
  id,
  epoch: standing.epoch,
  hot: new Ring(standing.top),
  first: standing.lowest,
  firstAt: unknownTime,
  lowest: standing.lowest,
  policy: standing.policy,
  usedAt: 0,
  inFlight: new Map(),
  waiting: 0,
  older: undefined,
  newer: undefined,
})

/** The log begins again, in an epoch of its own (I4). */
export const beginAgain = (room: DurableRoom, epoch: string): void => {
  room.epoch = epoch
  room.hot.reset(0)
  room.first = 1
  room.firstAt = unknownTime
  room.lowest = 1
}

/** The lowest offset that the policy keeps at this moment, whether or not what is below has left the disk; `top + 1` for none. */
export const firstKept = (room: DurableRoom, tables: Tables, now: number): number => {
  const { hot, policy } = room
  const since = asInteger(now - policy.forMs)
  const lowest = Math.max(room.first, room.lowest, hot.top - asInteger(policy.keep) + 1)
  if (lowest === room.first && room.firstAt > since) return lowest
  const found = lowest > hot.top ? undefined : youngerFrom(room, tables, { lowest, since })
  room.first = found?.offset ?? hot.top + 1
  room.firstAt = found?.at ?? unknownTime
  return room.first
}

const youngerFrom = (room: DurableRoom, tables: Tables, { lowest, since }: { lowest: number; since: number }) => {
  const { hot, id } = room
  if (lowest < hot.first) {
    return tables.firstYounger.get(id, lowest, since) as Pick<EventRow, 'offset' | 'at'> | undefined
  }
  for (let offset = lowest; offset <= hot.top; offset++) {
    const at = hot.at(offset)!.at
    if (at > since) return { offset, at }
  }
  return undefined
}

/** The event that a row holds; its offset is a column of its own. */
export const eventOfRow = (row: Pick<EventRow, 'offset' | 'body'>): RoomEvent => ({
  ...(JSON.parse(row.body) as Omit<RoomEvent, 'offset'>),
  offset: row.offset,
})

/** The size of an event as JSON in UTF-8, from the body that is stored without the offset. */
export const sizeOf = (body: string, offset: number): number =>
  Buffer.byteLength(body) + ',"offset":'.length + String(offset).length
