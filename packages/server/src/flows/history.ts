/** A page of a room's log, either way, with a cursor for the next. Authorised at each page, by today's grants. */
import { FanfareError, type HistoryPage, type Limits, type Position, type RoomEvent } from '@fanfare/protocol'
import type { ReadQuery, Slice } from '../engine/room-log.ts'
import type { Caller } from '../model/caller.ts'
import { authorise } from './authorise.ts'
import type { Services } from './services.ts'
import { type Told, tell } from './tell.ts'

export type HistoryRequest = {
  readonly room: string
  readonly after?: Position | 'earliest'
  readonly before?: Position
  readonly limit?: number
}

const defaultPage = 100

/** @throws FanfareError `unknown_room`, `forbidden`, `position_lost`, `bad_frame` */
export const history = async (services: Services, caller: Caller, request: HistoryRequest): Promise<HistoryPage> => {
  const room = services.app.room(caller.tenantId, request.room)
  await authorise(services, caller, { room, action: 'history' })
  const query = queryOf(request, services.limits)
  const slice = await services.engine.log.read(room, query)
  if (!slice.ok) {
    throw new FanfareError(
      'position_lost',
      `The log of ${room.name} no longer has that position (${slice.reason}); read from the newest page.`,
    )
  }
  tell(services, caller, { action: 'history.read', subject: room.name, detail: detailOf(slice.events) })
  const next = slice.more ? nextOf(slice, 'after' in query) : undefined
  return { room: room.name, events: slice.events, epoch: slice.top.epoch, ...(next ? { next } : {}) }
}

const detailOf = (events: readonly RoomEvent[]): NonNullable<Told['detail']> => {
  const [first, last] = [events[0], events.at(-1)]
  return { events: events.length, ...(first && last ? { from: first.offset, to: last.offset } : {}) }
}

const queryOf = (request: HistoryRequest, limits: Limits): ReadQuery => {
  const most = limits.historyEvents
  if (request.after !== undefined && request.before !== undefined) {
    throw new FanfareError('bad_frame', 'A page is read after a position or before one, not both.')
  }
  const limit = request.limit ?? Math.min(defaultPage, most)
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw new FanfareError('bad_frame', `limit is a whole number from 1 to ${most}.`)
  }
  // A page goes out whole, and must fit beside other frames into what may wait for one session.
  const size = { limit, maxBytes: Math.min(limits.replayBytes, limits.outboxBytes / 2) }
  return request.after === undefined
    ? { ...size, before: request.before ?? 'latest' }
    : { ...size, after: request.after }
}

const nextOf = (slice: Slice & { ok: true }, forwards: boolean): Position | undefined => {
  const edge = forwards ? slice.events.at(-1) : slice.events[0]
  return edge && { epoch: slice.top.epoch, offset: edge.offset }
}
