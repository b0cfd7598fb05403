/**
 * What is said on a room's channel: text that begins with a version and a kind. Scripts write it, this reads it. Whoever may
 * publish to Redis may say anything here, so everything is checked, and what is not understood is `undefined`, never thrown.
 */
import type { RoomEvent } from '@fanfare/protocol'
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import type { Draft } from '../room-log.ts'
import { presenceEnvelope } from './presence-keys.ts'

export type Envelope =
  | { readonly kind: 'event'; readonly epoch: string; readonly event: RoomEvent }
  | { readonly kind: 'forgotten'; readonly epoch: string }
  /** For presence, which alone knows what it means. */
  | { readonly kind: 'presence'; readonly message: string }

const eventEnvelope = '1 e '
const forgottenEnvelope = '1 f '
const headLength = 4
/** More than any epoch of ours has. */
const longestEpoch = 64
const longestOffset = 16

/** `undefined`: no envelope of this version, or one of another room. */
export const decodeEnvelope = (room: RoomKey, text: string): Envelope | undefined => {
  if (text.startsWith(eventEnvelope)) return decodeEvent(room, text)
  if (text.startsWith(presenceEnvelope)) return { kind: 'presence', message: text.slice(presenceEnvelope.length) }
  if (!text.startsWith(forgottenEnvelope)) return undefined
  const epoch = text.slice(headLength)
  return isEpoch(epoch) ? { kind: 'forgotten', epoch } : undefined
}

/** `1 e <epoch> <offset> <draft as JSON>` */
const decodeEvent = (room: RoomKey, text: string): Envelope | undefined => {
  const endOfEpoch = text.indexOf(' ', headLength)
  const endOfOffset = text.indexOf(' ', endOfEpoch + 1)
  if (endOfEpoch < 0 || endOfOffset < 0 || endOfOffset - endOfEpoch - 1 > longestOffset) return undefined
  const epoch = text.slice(headLength, endOfEpoch)
  const offset = Number(text.slice(endOfEpoch + 1, endOfOffset))
  if (!isEpoch(epoch)) return undefined
  const event = decodeBody(text.slice(endOfOffset + 1), offset)
  return event && roomKey(event.tenantId, event.room) === room ? { kind: 'event', epoch, event } : undefined
}

const isEpoch = (epoch: string): boolean => epoch !== '' && epoch.length <= longestEpoch && !epoch.includes(' ')

/** An event from the JSON that the log has of it, and its offset. */
export const decodeBody = (body: string, offset: number): RoomEvent | undefined => {
  if (!Number.isSafeInteger(offset) || offset < 1) return undefined
  const draft = parse(body)
  return isDraft(draft) ? { ...draft, offset } : undefined
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isDraft = (value: unknown): value is Draft => {
  if (typeof value !== 'object' || value === null) return false
  const { id, type, tenantId, room, timestamp, userId, data } = value as { readonly [name: string]: unknown }
  for (const text of [id, type, tenantId, room, timestamp]) if (typeof text !== 'string') return false
  return data !== undefined && (userId === undefined || typeof userId === 'string')
}
