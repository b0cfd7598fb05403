/** Who is to be in a room: checked, each once, and put into rows. */
import { type ChatRole, FanfareError } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'
import type { NewMember } from './chat-api.ts'
import { checkUserId } from './check.ts'
import type { ChatLimits } from './options.ts'
import { placeOf } from './rows.ts'

export const roles: readonly ChatRole[] = ['owner', 'moderator', 'member', 'observer']

export type CheckedMember = { readonly userId: string; readonly role: ChatRole }

/** @throws FanfareError `invalid_payload`, `too_large` */
export const checkMembers = (
  given: readonly NewMember[],
  limits: Pick<ChatLimits, 'members'>,
): readonly CheckedMember[] => checkNewMembers(given, limits).map(({ userId, role = 'member' }) => ({ userId, role }))

/** Of one user the last word counts. @throws FanfareError `invalid_payload`, `too_large` */
export const checkNewMembers = (
  given: readonly NewMember[],
  limits: Pick<ChatLimits, 'members'>,
): readonly NewMember[] => {
  if (given.length > limits.members) throw tooMany(limits)
  const byUser = new Map<string, NewMember>()
  for (const member of given) {
    checkUserId(member.userId)
    if (member.role !== undefined && !roles.includes(member.role)) {
      throw new FanfareError('invalid_payload', `A role in a chat room is one of ${roles.join(', ')}.`)
    }
    byUser.set(member.userId, member)
  }
  return [...byUser.values()]
}

export const tooMany = ({ members }: Pick<ChatLimits, 'members'>): FanfareError =>
  new FanfareError('too_large', `A chat room has at most ${members} members; the option \`members\` of chat says so.`)

/** Rows of one statement. */
const atOnce = 500

type Inserting = {
  readonly roomId: string
  readonly members: readonly CheckedMember[]
  readonly now: number
  /** Up to where nothing is unread for them. */
  readonly read: number
}

export const insertMembers = async (rows: Rows, { roomId, members, now, read }: Inserting): Promise<void> => {
  for (let begin = 0; begin < members.length; begin += atOnce) {
    const some = members.slice(begin, begin + atOnce).map(({ userId, role }) => ({
      place: placeOf(roomId, userId),
      room_id: roomId,
      user_id: userId,
      role,
      joined_at: now,
      delivered_number: read,
      read_number: read,
    }))
    await rows.insertInto('chat_member').values(some).execute()
  }
}
