/** How far members are: the numbers in their rows, and what others are told of them. */
import type { Receipt, ReceiptCount, Receipts } from '@fanfare/protocol'
import { insertAll } from '../../store/insert-all.ts'
import type { Rows } from '../../store/store.ts'
import type { MemberRow } from './rows.ts'

export type Raise = { readonly member: MemberRow; readonly delivered: number; readonly read: number }

/**
 * Of members whose rows are held, by themselves or by their room's: what is not there is written, and nobody must come back
 * who was taken out. Never lowers a number.
 */
export const raiseNumbers = async (rows: Rows, raises: readonly Raise[]): Promise<void> => {
  if (raises.length > 0) await raising(rows, raises).execute()
}

/** As {@link raiseNumbers}; how far the members are now, by place. */
export const raiseAndRead = async (rows: Rows, raises: readonly Raise[]): Promise<ReadonlyMap<string, Receipt>> => {
  if (raises.length === 0) return new Map()
  const raised = await raising(rows, raises)
    .returning(['place', 'user_id', 'delivered_number', 'read_number'])
    .execute()
  return new Map(
    raised.map((row) => [row.place, { userId: row.user_id, delivered: row.delivered_number, read: row.read_number }]),
  )
}

const raising = (rows: Rows, raises: readonly Raise[]) => {
  const values = [...raises]
    .sort((one, other) => (one.member.place < other.member.place ? -1 : 1))
    .map(({ member, delivered, read }) => ({
      place: member.place,
      room_id: member.room_id,
      user_id: member.user_id,
      role: member.role,
      joined_at: member.joined_at,
      delivered_number: delivered,
      read_number: read,
    }))
  return insertAll(rows, 'chat_member', values).onConflict((conflict) =>
    conflict.columns(['place']).doUpdateSet((eb) => {
      const higher = (column: 'delivered_number' | 'read_number') =>
        eb
          .case()
          .when(`chat_member.${column}`, '<', eb.ref(`excluded.${column}`))
          .then(eb.ref(`excluded.${column}`))
          .else(eb.ref(`chat_member.${column}`))
          .end()
      return { delivered_number: higher('delivered_number'), read_number: higher('read_number') }
    }),
  )
}

/** Of one room, but for members who keep theirs to themselves; the asking user's own always. */
export const readReceipts = async (
  rows: Rows,
  roomId: string,
  userId: string | undefined,
): Promise<readonly Receipt[]> => {
  const found = await rows
    .selectFrom('chat_member')
    .leftJoin('chat_private', 'chat_private.user_id', 'chat_member.user_id')
    .select(['chat_member.user_id', 'delivered_number', 'read_number'])
    .where('room_id', '=', roomId)
    .where((eb) => eb.or([eb('chat_private.user_id', 'is', null), eb('chat_member.user_id', '=', userId ?? '')]))
    .orderBy('chat_member.user_id')
    .execute()
  return found.map((row) => ({ userId: row.user_id, delivered: row.delivered_number, read: row.read_number }))
}

type Wanted = { readonly roomId: string; readonly numbers: readonly number[] }

/** How many members are at these numbers or beyond, room by room, by one query. */
export const countReceipts = async (
  rows: Rows,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<string, readonly ReceiptCount[]>> => {
  if (wanted.length === 0) return new Map()
  const groups = await rows
    .selectFrom('chat_member')
    .leftJoin('chat_private', 'chat_private.user_id', 'chat_member.user_id')
    .select(({ fn }) => ['room_id', 'delivered_number', 'read_number', fn.countAll<number>().as('members')])
    .where(
      'room_id',
      'in',
      wanted.map(({ roomId }) => roomId),
    )
    .where('chat_private.user_id', 'is', null)
    .groupBy(['room_id', 'delivered_number', 'read_number'])
    .execute()
  const byRoom = Map.groupBy(groups, ({ room_id }) => room_id)
  return new Map(
    wanted.map(({ roomId, numbers }) => {
      const of = byRoom.get(roomId) ?? []
      const sum = (reached: (group: (typeof groups)[number]) => boolean) =>
        of.reduce((total, group) => (reached(group) ? total + Number(group.members) : total), 0)
      const counts = numbers.map((number) => ({
        number,
        delivered: sum((group) => group.delivered_number >= number),
        read: sum((group) => group.read_number >= number),
      }))
      return [roomId, counts]
    }),
  )
}

/** With a page of messages, in the way in which the room tells them. */
export const receiptsFor = async (
  rows: Rows,
  { roomId, numbers }: Wanted,
  asked: { readonly kind: Receipts['kind']; readonly userId: string },
): Promise<Receipts> =>
  asked.kind === 'members'
    ? { kind: 'members', receipts: await readReceipts(rows, roomId, asked.userId) }
    : { kind: 'counts', counts: (await countReceipts(rows, [{ roomId, numbers }])).get(roomId) ?? [] }
