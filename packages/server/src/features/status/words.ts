/** What clients say and hear of statuses: schemas, and the names of rooms. Pure. */
import { FanfareError, roomPart, type StatusState, type UserStatus } from '@fanfare/protocol'
import { z } from 'zod'
import { checkRoomName } from '../../model/room-key.ts'
import type { NewStatus, StatusOptions } from './status-api.ts'

export const statusDefaults = { textLength: 140 } as const
export const mostUsers = 1_000

const states = ['online', 'away', 'busy', 'in_call', 'offline'] as const satisfies readonly StatusState[]
const userId = z.string().min(1).max(128)

/** A room's event, which only the server publishes. */
export const userStatus: z.ZodType<UserStatus> = z.object({
  userId,
  state: z.enum(states),
  text: z.string(),
  lastSeen: z.iso.datetime().optional(),
  version: z.number().int().nonnegative(),
}) as z.ZodType<UserStatus>

export const statusesAsked = z.object({ userIds: z.array(userId).min(1).max(mostUsers) })

export const newStatus = ({ textLength = statusDefaults.textLength }: StatusOptions): z.ZodType<NewStatus> =>
  z.strictObject({
    state: z.enum(states).optional(),
    text: z
      .string()
      .refine((text) => isText(text, textLength), lineOf(textLength))
      .optional(),
  }) as z.ZodType<NewStatus>

const lineOf = (characters: number): string => `one line of at most ${characters} characters`

/** A line, because it is shown in one; and no half characters or NUL, which not every store can keep. */
const isText = (text: string, most: number): boolean =>
  text.length <= 2 * most && [...text].length <= most && text.isWellFormed() && !/\p{Cc}/u.test(text)

/** The same check for the application's own calls. @throws FanfareError `invalid_payload` */
export const checked = <Value>(schema: z.ZodType<Value>, value: unknown): Value => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]!
  throw new FanfareError('invalid_payload', `${['status', ...path].map(String).join('.')}: ${message}`)
}

/** Undefined for a user whose id is too long for a room's name: their status can be asked for, and is not told. */
export const statusRoom = (user: string): string | undefined => {
  const name = `status:${roomPart(user)}`
  try {
    return checkRoomName(name)
  } catch (error) {
    if (error instanceof FanfareError) return undefined
    throw error
  }
}
