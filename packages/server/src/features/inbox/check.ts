/** What may be in the inbox: names, sizes and counts of whatever is not typed by a schema, because the application's own code calls the API directly. */
import { FanfareError, type NewNotification, type NotificationTarget, roomPart } from '@fanfare/protocol'
import { plainJson } from '../../app/plain-json.ts'
import { checkRoomName } from '../../model/room-key.ts'
import type { Content } from './content.ts'
import { inboxLimits as limits } from './settings.ts'

const refuse = (message: string): FanfareError => new FanfareError('invalid_payload', message)

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && value.isWellFormed()

/** Letters and digits of any script and a few marks: it may stand in logs, and `*` means any kind. */
const kindPattern = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._:/-]*$/u
const controlPattern = /\p{Cc}/u

/** Whether a user of this id can have an inbox: their room's name must hold it. */
export const hasInbox = (userId: string): boolean => {
  if (!isText(userId, limits.userId) || userId === '' || controlPattern.test(userId)) return false
  try {
    checkRoomName(roomOf(userId))
    return true
  } catch (error) {
    if (error instanceof FanfareError) return false
    throw error
  }
}

export const roomOf = (userId: string): string => `inbox:${roomPart(userId)}`

/** @throws FanfareError `invalid_payload` */
export const checkUserId = (userId: string): string => {
  if (hasInbox(userId)) return userId
  throw refuse(
    `userId: no id of a user who can have an inbox; it is 1 to ${limits.userId} characters, and fewer of those that a room's name does not hold.`,
  )
}

/** @throws FanfareError `invalid_payload` */
export const checkKind = (kind: string): string => {
  if (isText(kind, limits.kind) && kindPattern.test(kind)) return kind
  throw refuse(`kind: 1 to ${limits.kind} letters, digits and . _ : / - and first a letter or digit.`)
}

/** @throws FanfareError `invalid_payload` */
export const checkTopic = (topic: string): string => checkName(topic, 'topic', limits.topic)

/** @throws FanfareError `invalid_payload` */
export const checkRole = (role: string): string => checkName(role, 'role', limits.role)

const checkName = (name: string, what: string, most: number): string => {
  if (isText(name, most) && name !== '' && !controlPattern.test(name)) return name
  throw refuse(`${what}: 1 to ${most} characters, none of them a control character.`)
}

/** One that may be sent, as it will be kept. */
export type CheckedNotification = {
  readonly to: NotificationTarget
  readonly kind: string
  readonly content: Content
  readonly key: string | undefined
}

/** @throws FanfareError `invalid_payload`, `too_large` */
export const checkNotification = (given: NewNotification): CheckedNotification => {
  const { to, kind, title, message = '', data, key } = given
  if (key !== undefined && (!isText(key, limits.key) || key === '' || key.includes('\0'))) {
    throw refuse(`key: a text of 1 to ${limits.key} characters, without U+0000.`)
  }
  const content = {
    title: checkText(title, 'title', limits.title),
    message: checkText(message, 'message', limits.message),
  }
  if (content.title === '') throw refuse('title: it is empty.')
  return {
    to: checkTarget(to),
    kind: checkKind(kind),
    content: data === undefined ? content : { ...content, data: checkData(data) },
    key,
  }
}

const checkText = (text: unknown, what: string, most: number): string => {
  if (typeof text !== 'string' || !text.isWellFormed()) throw refuse(`${what}: a text.`)
  if (text.length > most) throw new FanfareError('too_large', `${what}: at most ${most} characters.`)
  return text
}

const checkData = (data: unknown) => {
  const plain = plainJson(data, 'data')
  const size = Buffer.byteLength(JSON.stringify(plain))
  if (size <= limits.data) return plain
  throw new FanfareError(
    'too_large',
    `data: at most ${limits.data} bytes of JSON; give an id by which it can be looked up.`,
  )
}

const checkTarget = (to: NotificationTarget): NotificationTarget => {
  if (typeof to === 'object' && to !== null && Object.keys(to).length === 1) {
    if ('userId' in to) return { userId: checkUserId(to.userId) }
    if ('topic' in to) return { topic: checkTopic(to.topic) }
    if ('role' in to) return { role: checkRole(to.role) }
  }
  throw refuse('to: one of { userId }, { topic } and { role }.')
}
