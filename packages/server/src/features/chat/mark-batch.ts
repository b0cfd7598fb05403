/** Notes how far many members have got and have read, by a few statements, in one change. Never backwards; what changes nothing writes nothing. */
import type { FanfareError, Json, Receipt } from '@fanfare/protocol'
import type { Change, EventDraft, Rows, Store } from '../../store/store.ts'
import { receiptsRoom } from './names.ts'
import { countReceipts, raiseAndRead } from './numbers.ts'
import { type MemberRow, placeOf, type RoomRow } from './rows.ts'
import { roomNotFound } from './standing.ts'

export type Mark = {
  readonly kind: 'delivered' | 'read'
  readonly roomId: string
  readonly userId: string
  readonly number: number
}

export type MarkResult = { readonly receipt: Receipt; readonly changed: boolean } | { readonly refused: FanfareError }

type Raised = { readonly room: RoomRow; readonly receipt: Receipt }

export const markBatch =
  ({ store, receiptsUpTo }: { readonly store: Pick<Store, 'kind'>; readonly receiptsUpTo: number }) =>
  async (change: Change, marks: readonly Mark[]): Promise<readonly MarkResult[]> => {
    const { rows } = change
    const places = [...new Set(marks.map(({ roomId, userId }) => placeOf(roomId, userId)))].sort()
    const found = await rows
      .selectFrom('chat_member')
      .selectAll()
      .where('place', 'in', places)
      .orderBy('place')
      // Held, so that nobody is taken out meanwhile. SQLite has one writer at a time, and no word for this.
      .$if(store.kind === 'postgres', (query) => query.forNoKeyUpdate())
      .execute()
    const members = new Map(found.map((member) => [member.place, member]))
    const rooms = await readRooms(rows, [...new Set(found.map(({ room_id }) => room_id))])
    const raises = places.flatMap((place) => {
      const member = members.get(place)
      const room = member && rooms.get(member.room_id)
      return member && room ? raiseOf(member, room, marks) : []
    })
    const raised = await raiseAndRead(rows, raises)
    await tell(
      change,
      [...raised].map(([place, receipt]) => ({ room: rooms.get(members.get(place)!.room_id)!, receipt })),
      receiptsUpTo,
    )
    return marks.map(({ roomId, userId }): MarkResult => {
      const place = placeOf(roomId, userId)
      const member = members.get(place)
      if (!member || !rooms.has(roomId)) return { refused: roomNotFound() }
      const receipt = raised.get(place)
      if (receipt) return { receipt, changed: true }
      return { receipt: { userId, delivered: member.delivered_number, read: member.read_number }, changed: false }
    })
  }

const readRooms = async (rows: Rows, ids: readonly string[]): Promise<ReadonlyMap<string, RoomRow>> => {
  if (ids.length === 0) return new Map()
  const found = await rows
    .selectFrom('chat_room')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute()
  return new Map(found.map((room) => [room.id, room]))
}

/** What is read is delivered; beyond the newest message there is nothing. */
const raiseOf = (member: MemberRow, room: RoomRow, marks: readonly Mark[]) => {
  const own = marks.filter(({ roomId, userId }) => roomId === member.room_id && userId === member.user_id)
  const highest = (of: readonly Mark[]) => Math.min(room.last_number, Math.max(0, ...of.map(({ number }) => number)))
  const delivered = Math.max(member.delivered_number, highest(own))
  const read = Math.max(member.read_number, highest(own.filter(({ kind }) => kind === 'read')))
  return delivered === member.delivered_number && read === member.read_number ? [] : [{ member, delivered, read }]
}

/** Each member's, where they show it; in large rooms how many there are at the numbers that somebody has come to. */
const tell = async (change: Change, raised: readonly Raised[], receiptsUpTo: number): Promise<void> => {
  if (raised.length === 0) return
  const users = [...new Set(raised.map(({ receipt }) => receipt.userId))]
  const found = await change.rows.selectFrom('chat_private').select('user_id').where('user_id', 'in', users).execute()
  const hidden = new Set(found.map(({ user_id }) => user_id))
  const shown = raised.filter(({ receipt }) => !hidden.has(receipt.userId))
  const [large, small] = [
    shown.filter(({ room }) => room.members > receiptsUpTo),
    shown.filter(({ room }) => room.members <= receiptsUpTo),
  ]
  const wanted = [...Map.groupBy(large, ({ room }) => room.id)].map(([roomId, of]) => {
    const numbers = of.flatMap(({ receipt }) => [receipt.delivered, receipt.read])
    return { roomId, numbers: [...new Set(numbers)].filter((number) => number > 0).sort((a, b) => a - b) }
  })
  const counts = [...(await countReceipts(change.rows, wanted))]
  const drafts = [
    ...small.map(({ room, receipt }) => draftOf(room.id, receipt)),
    ...counts.flatMap(([roomId, each]) => each.map((count) => draftOf(roomId, count))),
  ]
  await change.publish(drafts)
}

const draftOf = (roomId: string, data: Json): EventDraft => ({
  room: receiptsRoom(roomId),
  type: 'receipt.updated',
  data,
})
