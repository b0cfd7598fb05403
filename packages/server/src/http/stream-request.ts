/** What a request for an event stream asks: which rooms, and from where in each. Reads the request; opens nothing. */
import { FanfareError, type Since } from '@fanfare/protocol'
import type { Endpoint } from '../app/app.ts'
import { decodeCursor } from '../wire/cursor.ts'

export type AskedRoom = { readonly room: string; readonly since: Since | undefined }

/**
 * The endpoint's rooms and those of `?room=`, each once. The cursor in `Last-Event-ID` wins over the one in
 * `?lastEventId=`; a room of which it does not speak yet begins where the address says.
 *
 * @throws FanfareError `bad_frame`, `too_many_rooms`
 */
export const askedRooms = (request: Request, endpoint: Endpoint | undefined, most: number): readonly AskedRoom[] => {
  const query = new URL(request.url).searchParams
  const names = [...new Set([...(endpoint?.rooms ?? []), ...query.getAll('room')])]
  if (names.length === 0) throw new FanfareError('bad_frame', 'Name at least one room: ?room=…&room=…')
  if (names.length > most) throw new FanfareError('too_many_rooms', `A session may be in ${most} rooms.`)
  const inHeader = reader(request.headers.get('last-event-id'), names)
  const inQuery = reader(query.get('lastEventId'), names)
  return names.map((room) => ({ room, since: inHeader(room) ?? inQuery(room) }))
}

const reader = (cursor: string | null, names: readonly string[]): ((room: string) => Since | undefined) => {
  if (cursor === 'earliest') return () => cursor
  const positions = decodeCursor(cursor ?? '', names)
  return (room) => positions.get(room)
}
