/** How far members are: the numbers in their rows, and what others are told of them. */
import type { Receipt, ReceiptCount, Receipts } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'

export type Raise = { readonly place: string; readonly delivered: number; readonly read: number }

/** Never lowers one: of two at once the higher stays. Places of which nobody is there any more are passed over. */
export const raiseNumbers = async (rows: Rows, raises: readonly Raise[]): Promise<ReadonlyMap<string, Receipt>> => {
  if (raises.length === 0) return new Map()
  const raised = await rows
    .updateTable('chat_member')
    .set((eb) => {
      const higher = (column: 'delivered_number' | 'read_number', of: (raise: Raise) => number) => {
        const [first, ...rest] = raises
        const when = (raise: Raise) => eb.and([eb('place', '=', raise.place), eb(column, '<', of(raise))])
        let arms = eb.case().when(when(first!)).then(of(first!))
        for (const raise of rest) arms = arms.when(when(raise)).then(of(raise))
        return arms.else(eb.ref(column)).end()
      }
      return {
        delivered_number: higher('delivered_number', ({ delivered }) => delivered),
        read_number: higher('read_number', ({ read }) => read),
      }
    })
    .where(
      'place',
      'in',
      raises.map(({ place }) => place),
    )
    .returning(['place', 'user_id', 'delivered_number', 'read_number'])
    .execute()
  return new Map(
    raised.map((row) => [row.place, { userId: row.user_id, delivered: row.delivered_number, read: row.read_number }]),
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
