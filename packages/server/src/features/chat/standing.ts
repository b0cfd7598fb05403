/** Who is what in a room, inside a read or a change. Whoever is no member is told the same as where there is no room. */
import { type ChatRole, FanfareError } from '@fanfare/protocol'
import type { Change, Rows, Store } from '../../store/store.ts'
import { type MemberRow, type MessageRow, placeOf, type RoomRow } from './rows.ts'

export const roomNotFound = (): FanfareError =>
  new FanfareError('not_found', 'There is no such chat room, or the user is not a member of it.')

const messageNotFound = (): FanfareError => new FanfareError('not_found', 'The room has no such message.')

export type Standing = { readonly room: RoomRow; readonly member: MemberRow }

/** @throws FanfareError `not_found` */
export const standingOf = async (rows: Rows, roomId: string, userId: string): Promise<Standing> => {
  // But for the tenant's, no two of their columns have one name.
  const both = await rows
    .selectFrom('chat_member')
    .innerJoin('chat_room', 'chat_room.id', 'chat_member.room_id')
    .selectAll('chat_member')
    .selectAll('chat_room')
    .where('place', '=', placeOf(roomId, userId))
    .executeTakeFirst()
  if (!both) throw roomNotFound()
  return { room: both, member: both }
}

/**
 * The rows of these rooms, held until the change is done: whatever gives numbers to messages or says who is a member takes
 * them first, in one order, so that nothing of the kind happens at once and nobody waits in a circle.
 */
export const lockRooms = async (
  change: Change,
  kind: Store['kind'],
  roomIds: readonly string[],
): Promise<ReadonlyMap<string, RoomRow>> => {
  const found = await change.rows
    .selectFrom('chat_room')
    .selectAll()
    .where('id', 'in', [...roomIds])
    .orderBy('id')
    // SQLite has one writer at a time, and no word for this.
    .$if(kind === 'postgres', (query) => query.forNoKeyUpdate())
    .execute()
  return new Map(found.map((room) => [room.id, room]))
}

/** @throws FanfareError `not_found` */
export const lockRoom = async (change: Change, kind: Store['kind'], roomId: string): Promise<RoomRow> => {
  const room = (await lockRooms(change, kind, [roomId])).get(roomId)
  if (!room) throw roomNotFound()
  return room
}

/** With the room locked. @throws FanfareError `not_found` */
export const lockStanding = async (
  change: Change,
  kind: Store['kind'],
  { roomId, userId }: { readonly roomId: string; readonly userId: string },
): Promise<Standing> => {
  await lockRooms(change, kind, [roomId])
  return standingOf(change.rows, roomId, userId)
}

/** @throws FanfareError `not_found` */
export const messageIn = async (rows: Rows, roomId: string, id: string): Promise<MessageRow> => {
  const row = await rows
    .selectFrom('chat_message')
    .selectAll()
    .where('id', '=', id)
    .where('room_id', '=', roomId)
    .executeTakeFirst()
  if (!row) throw messageNotFound()
  return row
}

export const moderates = (role: ChatRole): boolean => role === 'owner' || role === 'moderator'

/** @throws FanfareError `forbidden` */
export const mayWrite = ({ role }: Pick<MemberRow, 'role'>): void => {
  if (role === 'observer') throw new FanfareError('forbidden', 'An observer of a chat room reads only.')
}
