/** Adds members to a room, and changes the roles of those who are there. */
import { type ChatRole, type ChatRoom, FanfareError } from '@fanfare/protocol'
import type { AuditEntry } from '../../model/audit.ts'
import type { Change, EventDraft, Rows } from '../../store/store.ts'
import type { Behalf, NewMember } from './chat-api.ts'
import { checkRoomId } from './check.ts'
import { inParts } from './in-parts.ts'
import { chatRoom } from './names.ts'
import { type CheckedMember, checkNewMembers, insertMembers, tooMany } from './new-members.ts'
import { bounds } from './options.ts'
import type { Chat } from './parts.ts'
import { type MemberRow, memberOf, placeOf, type RoomRow, roomOf } from './rows.ts'
import { lockRoom, moderates, standingOf } from './standing.ts'
import { tellAdded } from './tell-members.ts'

export type Putting = Behalf & { readonly roomId: string; readonly members: readonly NewMember[] }

type Put = { readonly room: RoomRow; readonly joined: readonly CheckedMember[]; readonly changed: readonly MemberRow[] }

/** @throws FanfareError `not_found`, `forbidden`, `invalid_payload`, `too_large`, `unavailable` */
export const putMembers = async (chat: Chat, { roomId, members, by }: Putting): Promise<ChatRoom> => {
  const { services, limits, store } = chat
  checkRoomId(roomId)
  const asked = checkNewMembers(members, limits)
  const { room, joined } = await store.change(async (change) => {
    const { rows } = change
    const row = await lockRoom(change, services.store.kind, roomId)
    const there = await membersThere(rows, roomId, asked)
    if (by !== undefined) await mayPut(rows, { roomId, by, asked, there })
    const put = sort(row, asked, there)
    if (put.room.members > limits.members) throw tooMany(limits)
    await write(change, put, services.clock.now())
    await change.publish(draftsOf(put, services.clock.now(), by))
    await services.find('audit')?.in(change, entriesOf(chat, put, by))
    return { room: roomOf(put.room, limits), joined: put.joined }
  })
  tellAdded(chat, roomId, joined)
  return room
}

const membersThere = async (
  rows: Rows,
  roomId: string,
  asked: readonly NewMember[],
): Promise<ReadonlyMap<string, MemberRow>> => {
  const places = asked.map(({ userId }) => placeOf(roomId, userId))
  const found = await inParts(places, bounds.values, (some) =>
    rows.selectFrom('chat_member').selectAll().where('place', 'in', some).execute(),
  )
  return new Map(found.map((member) => [member.user_id, member]))
}

const sort = (row: RoomRow, asked: readonly NewMember[], there: ReadonlyMap<string, MemberRow>): Put => {
  const joined = asked
    .filter(({ userId }) => !there.has(userId))
    .map(({ userId, role = 'member' }) => ({ userId, role }))
  const changed = asked.flatMap(({ userId, role }) => {
    const member = there.get(userId)
    return member && role !== undefined && role !== member.role ? [{ ...member, role }] : []
  })
  return { room: { ...row, members: row.members + joined.length }, joined, changed }
}

type Asking = {
  readonly roomId: string
  readonly by: string
  readonly asked: readonly NewMember[]
  readonly there: ReadonlyMap<string, MemberRow>
}

/** Owners may all; moderators may what concerns neither owners nor moderators. */
const mayPut = async (rows: Rows, { roomId, by, asked, there }: Asking): Promise<void> => {
  const { member } = await standingOf(rows, roomId, by)
  const concerned = asked.flatMap(({ userId, role }) => [role, there.get(userId)?.role])
  const mayAll = member.role === 'owner'
  if (mayAll || (member.role === 'moderator' && !concerned.some((role) => role !== undefined && moderates(role))))
    return
  throw new FanfareError(
    'forbidden',
    'Owners of a chat room change its members; moderators do, but for owners and moderators.',
  )
}

const write = async (change: Change, { room, joined, changed }: Put, now: number): Promise<void> => {
  const { rows } = change
  await insertMembers(rows, { roomId: room.id, members: joined, now, read: room.last_number })
  for (const [role, of] of Map.groupBy(changed, (member): ChatRole => member.role)) {
    const places = of.map(({ place }) => place)
    await inParts(places, bounds.values, (some) =>
      rows.updateTable('chat_member').set({ role }).where('place', 'in', some).execute(),
    )
  }
  if (joined.length === 0) return
  await rows.updateTable('chat_room').set({ members: room.members }).where('id', '=', room.id).execute()
}

const draftsOf = ({ room, joined, changed }: Put, now: number, by: string | undefined): readonly EventDraft[] => {
  const cause = by === undefined ? {} : { userId: by }
  const none = { delivered_number: 0, read_number: 0 }
  const members = [
    ...joined.map(({ userId, role }) => ({
      type: 'member.joined',
      row: { user_id: userId, role, joined_at: now, ...none },
    })),
    ...changed.map((row) => ({ type: 'member.updated', row })),
  ]
  return members.map(({ type, row }) => ({
    room: chatRoom(room.id),
    type,
    ...cause,
    data: { member: memberOf(row, { shown: false }) },
  }))
}

const entriesOf = ({ tenantId }: Chat, put: Put, by: string | undefined): readonly AuditEntry[] => {
  const actor: AuditEntry['actor'] = by === undefined ? { kind: 'application' } : { kind: 'user', id: by }
  const entry = (userId: string, role: ChatRole): AuditEntry => ({
    tenantId,
    action: 'member.added',
    actor,
    subject: userId,
    detail: { room: chatRoom(put.room.id), role },
  })
  return [
    ...put.joined.map(({ userId, role }) => entry(userId, role)),
    ...put.changed.map(({ user_id, role }) => entry(user_id, role)),
  ]
}
