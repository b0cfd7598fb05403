/** How the engine carries an event of the journal: as one of its own, with its place in the journal beside, which no client sees. */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Draft } from '../engine/room-log.ts'
import type { LogPolicy, LogRoom } from '../model/room.ts'
import type { JournalEvent } from './store.ts'

/** A member of a draft that no engine knows, and all of them keep. */
type Carrying = { readonly journal: Position }

/** Enough for an engine to repair what it lost on the way; whoever was away longer is given it from the store. */
const carryingLog: LogPolicy = Object.freeze({ keep: 64, forMs: 60_000, durable: false })

/** The room in which the engine carries what an archived room says. */
export const carrierOf = ({ key }: LogRoom): LogRoom => ({ key, log: carryingLog })

export const draftOf = ({ id, type, tenantId, room, userId, data, timestamp }: JournalEvent): Draft => ({
  id,
  type,
  tenantId,
  room,
  ...(userId === undefined ? {} : { userId }),
  data,
  timestamp,
})

/** As a client sees it. */
export const roomEventOf = (event: JournalEvent): RoomEvent => ({ ...draftOf(event), offset: event.offset })

export const carried = (event: JournalEvent): Draft & Carrying => ({
  ...draftOf(event),
  journal: { epoch: event.epoch, offset: event.offset },
})

/** Says that earlier events of the room say something else now: windows over it are emptied. */
export const carriedRedaction = (tenantId: string, room: string, id: string): Draft & Carrying => ({
  id,
  type: 'redaction',
  tenantId,
  room,
  data: null,
  timestamp: new Date(0).toISOString(),
  journal: { epoch: '', offset: 0 },
})

export type Unpacked =
  | { readonly kind: 'event'; readonly epoch: string; readonly event: RoomEvent }
  | { readonly kind: 'redaction' }
  /** Not of the journal: what was said before the room was archived, or by somebody else in the engine's server. */
  | { readonly kind: 'unknown' }

export const unpack = (event: RoomEvent): Unpacked => {
  const { journal, ...rest } = event as RoomEvent & Partial<Carrying>
  if (typeof journal !== 'object' || journal === null) return { kind: 'unknown' }
  const { epoch, offset } = journal
  if (typeof epoch !== 'string' || !Number.isSafeInteger(offset)) return { kind: 'unknown' }
  return offset < 1 ? { kind: 'redaction' } : { kind: 'event', epoch, event: { ...rest, offset } }
}
