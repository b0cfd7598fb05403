/**
 * Puts many messages into their rooms by a few statements, in one change. One that may not be sent has its refusal as its
 * result. Rooms are locked first, so numbers have no hole and a key that is given twice at once finds the first.
 */
import { type ChatMessage, FanfareError, type NewNotification, type SentMessage } from '@fanfare/protocol'
import { insertAll } from '../../store/insert-all.ts'
import type { Change, Sealer } from '../../store/store.ts'
import type { FeatureServices } from '../feature.ts'
import { inParts } from './in-parts.ts'
import { chatRoom } from './names.ts'
import { raiseNumbers } from './numbers.ts'
import { bounds } from './options.ts'
import { readMessages } from './reactions.ts'
import { type Body, type MemberRow, type MessageRow, messageOf, noReactions, placeOf, type RoomRow } from './rows.ts'
import { lockRooms, mayWrite, roomNotFound } from './standing.ts'

/** A checked message, with its body as it will stand in its row. */
export type SendItem = {
  readonly id: string
  readonly roomId: string
  readonly userId: string
  readonly body: Body
  readonly sealed: Pick<MessageRow, 'body' | 'body_key'>
  /** Opens what the key may lead to. */
  readonly sealer: Sealer
  /** Each once; those who are no members are left out. */
  readonly mentions: readonly string[]
  readonly replyTo: string | undefined
  readonly sendKey: string | undefined
}

export type SendResult = { readonly sent: SentMessage; readonly members: number } | { readonly refused: FanfareError }

type Services = Pick<FeatureServices, 'store' | 'clock' | 'find'>

/** Found before anything is written. */
type Found = {
  readonly rooms: ReadonlyMap<string, RoomRow>
  readonly members: ReadonlyMap<string, MemberRow>
  readonly known: ReadonlyMap<string, MessageRow>
  /** Message → room, of those that are answered. */
  readonly replied: ReadonlyMap<string, string>
}

type Fresh = { readonly item: SendItem; readonly row: MessageRow }

export const sendBatch =
  (services: Services) =>
  async (change: Change, items: readonly SendItem[], tenantId: string): Promise<readonly SendResult[]> => {
    const found = await find(services, change, items)
    const now = services.clock.now()
    const results = new Map<SendItem, SendResult>()
    const firsts = new Map<string, SendItem>()
    const repeats: SendItem[] = []
    const fresh: Fresh[] = []
    const numbers = new Map([...found.rooms].map(([id, room]) => [id, room.last_number]))
    for (const item of items) {
      const refused = refusalOf(item, found)
      if (refused) results.set(item, { refused })
      else if (item.sendKey !== undefined && (found.known.has(item.sendKey) || firsts.has(item.sendKey))) {
        repeats.push(item)
      } else {
        const number = numbers.get(item.roomId)! + 1
        numbers.set(item.roomId, number)
        if (item.sendKey !== undefined) firsts.set(item.sendKey, item)
        fresh.push({ item, row: rowOf(item, found, { number, now }) })
      }
    }
    for (const [item, message] of await write(change, fresh, { ...found, now })) {
      results.set(item, { sent: { message, duplicate: false }, members: found.rooms.get(item.roomId)!.members })
    }
    await answerRepeats(change, repeats, { results, firsts, known: found.known })
    await notifyMentioned(services, change, { tenantId, fresh, rooms: found.rooms })
    return items.map((item) => results.get(item)!)
  }

const find = async (services: Services, change: Change, items: readonly SendItem[]): Promise<Found> => {
  const { rows } = change
  const rooms = await lockRooms(change, services.store.kind, [...new Set(items.map(({ roomId }) => roomId))].sort())
  const places = items.flatMap(({ roomId, userId, mentions }) =>
    [userId, ...mentions].map((somebody) => placeOf(roomId, somebody)),
  )
  const members = await inParts([...new Set(places)], bounds.values, (some) =>
    rows.selectFrom('chat_member').selectAll().where('place', 'in', some).execute(),
  )
  const keys = items.flatMap(({ sendKey }) => sendKey ?? [])
  const known =
    keys.length === 0 ? [] : await rows.selectFrom('chat_message').selectAll().where('send_key', 'in', keys).execute()
  const answered = items.flatMap(({ replyTo }) => replyTo ?? [])
  const replied =
    answered.length === 0
      ? []
      : await rows.selectFrom('chat_message').select(['id', 'room_id']).where('id', 'in', answered).execute()
  return {
    rooms,
    members: new Map(members.map((member) => [member.place, member])),
    known: new Map(known.map((row) => [row.send_key!, row])),
    replied: new Map(replied.map(({ id, room_id }) => [id, room_id])),
  }
}

const refusalOf = ({ roomId, userId, replyTo }: SendItem, found: Found): FanfareError | undefined => {
  const member = found.members.get(placeOf(roomId, userId))
  if (!found.rooms.has(roomId) || !member) return roomNotFound()
  if (replyTo !== undefined && found.replied.get(replyTo) !== roomId) {
    return new FanfareError('invalid_payload', 'replyTo is the id of a message of the same room.')
  }
  try {
    mayWrite(member)
    return undefined
  } catch (error) {
    return error as FanfareError
  }
}

const rowOf = (item: SendItem, found: Found, { number, now }: { number: number; now: number }): MessageRow => ({
  id: item.id,
  room_id: item.roomId,
  number,
  event_offset: 0,
  user_id: item.userId,
  ...item.sealed,
  mentions: JSON.stringify(item.mentions.filter((userId) => found.members.has(placeOf(item.roomId, userId)))),
  reply_to: item.replyTo ?? null,
  send_key: item.sendKey ?? null,
  created_at: now,
  edited_at: null,
  deleted_at: null,
})

/** Events first: a row says the offset of its own. */
const write = async (
  change: Change,
  fresh: readonly Fresh[],
  found: Pick<Found, 'members' | 'rooms'> & { readonly now: number },
): Promise<ReadonlyMap<SendItem, ChatMessage>> => {
  if (fresh.length === 0) return new Map()
  const messages = fresh.map(({ item, row }) => messageOf(row, item.body, noReactions))
  const events = await change.publish(
    fresh.map(({ row }, index) => ({
      room: chatRoom(row.room_id),
      type: 'message.created',
      userId: row.user_id,
      data: (offset) => ({ message: { ...messages[index]!, offset } }),
    })),
  )
  const placed = fresh.map(({ row }, index) => ({ ...row, event_offset: events[index]!.offset }))
  await insertAll(change.rows, 'chat_message', placed).execute()
  await countUp(change, placed, found)
  await readOwn(change, placed, found)
  return new Map(
    fresh.map(({ item }, index) => [item, { ...messages[index]!, offset: events[index]!.offset }] as const),
  )
}

/** The rooms are held, and all of them are there: nothing is inserted. */
const countUp = async (
  change: Change,
  placed: readonly MessageRow[],
  { rooms, now }: Pick<Found, 'rooms'> & { readonly now: number },
): Promise<void> => {
  const newest = new Map(placed.map((row) => [row.room_id, row]))
  const values = [...newest].map(([id, { number, event_offset }]) => {
    const { title, created_at, members } = rooms.get(id)!
    return { id, title, created_at, last_number: number, last_offset: event_offset, active_at: now, members }
  })
  await insertAll(change.rows, 'chat_room', values)
    .onConflict((conflict) =>
      conflict.columns(['id']).doUpdateSet((eb) => ({
        last_number: eb.ref('excluded.last_number'),
        last_offset: eb.ref('excluded.last_offset'),
        active_at: eb.ref('excluded.active_at'),
      })),
    )
    .execute()
}

/** Who sends has read up to their own message. */
const readOwn = (change: Change, placed: readonly MessageRow[], { members }: Pick<Found, 'members'>): Promise<void> => {
  const own = new Map(placed.map((row) => [placeOf(row.room_id, row.user_id), row.number]))
  return raiseNumbers(
    change.rows,
    [...own].map(([place, number]) => ({ member: members.get(place)!, delivered: number, read: number })),
  )
}

type Answering = {
  readonly results: Map<SendItem, SendResult>
  readonly firsts: ReadonlyMap<string, SendItem>
  readonly known: ReadonlyMap<string, MessageRow>
}

/** A key that was given before: its message, as it is now. */
const answerRepeats = async (change: Change, repeats: readonly SendItem[], answering: Answering): Promise<void> => {
  const { results, firsts, known } = answering
  const earlier = repeats.filter(({ sendKey }) => known.has(sendKey!))
  const rows = [...new Set(earlier.map(({ sendKey }) => known.get(sendKey!)!))]
  const messages = await readMessages(change.rows, rows, earlier[0]?.sealer ?? unused)
  const byId = new Map(messages.map((message) => [message.id, message]))
  for (const item of repeats) {
    const row = known.get(item.sendKey!)
    const first = row ? { message: byId.get(row.id)! } : sentOf(results.get(firsts.get(item.sendKey!)!)!)
    results.set(item, { sent: { message: first.message, duplicate: true }, members: 0 })
  }
}

const unused: Sealer = {
  seal: (text) => ({ text, keyId: null }),
  open: ({ text }) => text,
}

const sentOf = (result: SendResult): SentMessage => {
  if ('sent' in result) return result.sent
  throw result.refused
}

/** Ids, never the text: it may go to a locked screen. */
const notifyMentioned = async (
  services: Services,
  change: Change,
  { tenantId, fresh, rooms }: { tenantId: string; fresh: readonly Fresh[]; rooms: ReadonlyMap<string, RoomRow> },
): Promise<void> => {
  const notify = services.find('notify')
  if (!notify) return
  const notifications = fresh.flatMap(({ row }): readonly NewNotification[] => {
    const title = rooms.get(row.room_id)!.title
    return (JSON.parse(row.mentions) as readonly string[])
      .filter((userId) => userId !== row.user_id)
      .map((userId) => ({
        to: { userId },
        kind: 'mention',
        title: title === '' ? 'You were mentioned' : `You were mentioned in ${title}`,
        data: { roomId: row.room_id, messageId: row.id, number: row.number, userId: row.user_id },
        key: `chat.mention|${row.id}`,
      }))
  })
  if (notifications.length > 0) await notify.in(change, tenantId, notifications)
}
