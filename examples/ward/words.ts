/**
 * What the ward's own clients are used to hearing. Over a WebSocket an event is `{ type: 'vitals_update', data }`; on an
 * event stream its `data` is the payload itself. Positions go along, so that such a client too can resume.
 */
import type { Json, RoomEvent } from '@fanfare/protocol'

const shortTypes: ReadonlyMap<string, string> = new Map([['patient.vitals.update', 'vitals_update']])

export const socketWords = {
  event: ({ type, data, room, id, offset, timestamp }: RoomEvent): Json => ({
    type: shortTypes.get(type) ?? type.replaceAll('.', '_'),
    data,
    event: type,
    room,
    id,
    offset,
    timestamp,
  }),
}

export const streamWords = { event: ({ data }: RoomEvent): Json => data }
