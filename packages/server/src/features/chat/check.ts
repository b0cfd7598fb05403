/** What may be said in chat: names, texts, attachments, pages. Pure; every complaint says what to do, and repeats no text. */
import { type Attachment, FanfareError, type Json } from '@fanfare/protocol'
import { checkRoomName } from '../../model/room-key.ts'
import { bounds, type ChatLimits } from './options.ts'

const invalid = (message: string): FanfareError => new FanfareError('invalid_payload', message)
const tooLarge = (message: string): FanfareError => new FanfareError('too_large', message)

/** The longest of a room's names is a valid one; a colon would make it another room's. @throws FanfareError `bad_name` */
export const checkRoomId = (roomId: string): string => {
  if (typeof roomId !== 'string' || roomId.includes(':')) {
    throw new FanfareError('bad_name', 'The id of a chat room is a part of room names: a text without colons.')
  }
  checkRoomName(`chat:${roomId}:receipts`)
  return roomId
}

/** Control characters, but for line ends and tabs where the text may have lines. */
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const controlsInLines = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

/** @throws FanfareError `invalid_payload` */
export const checkUserId = (userId: string): string => {
  if (typeof userId === 'string' && userId !== '' && userId.length <= bounds.userIdLength && isPlain(userId)) {
    return userId
  }
  throw invalid(`A user id has 1 to ${bounds.userIdLength} characters, and no control characters.`)
}

const isPlain = (text: string): boolean => !controls.test(text) && text.isWellFormed()

/** Line ends become `\n`. @throws FanfareError `too_large`, `invalid_payload` */
export const checkText = (given: string, { textLength }: Pick<ChatLimits, 'textLength'>): string => {
  if (given.length > textLength) throw tooLarge(`A text has at most ${textLength} characters; send it in parts.`)
  const text = given.includes('\r') ? given.replaceAll(/\r\n?/g, '\n') : given
  if (controlsInLines.test(text) || !text.isWellFormed()) {
    throw invalid('The text has control characters or halves of characters; leave them out.')
  }
  return text
}

/** @throws FanfareError `too_large`, `invalid_payload` */
export const checkTitle = (title: string): string => {
  if (title.length > bounds.titleLength) throw tooLarge(`A title has at most ${bounds.titleLength} characters.`)
  if (!isPlain(title)) throw invalid('The title has control characters; leave them out.')
  return title
}

/** As JSON. @throws FanfareError `too_large` */
export const checkData = (data: Json | undefined): string | null => {
  if (data === undefined) return null
  const text = JSON.stringify(data)
  if (text.length <= bounds.dataLength) return text
  throw tooLarge(`Data has at most ${bounds.dataLength} characters of JSON; put the rest where a reference leads to.`)
}

const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/i

/** References only: nothing is fetched. @throws FanfareError `too_large`, `invalid_payload` */
export const checkAttachments = (
  given: readonly Attachment[],
  { attachments }: Pick<ChatLimits, 'attachments'>,
): readonly Attachment[] => {
  if (given.length > attachments) throw tooLarge(`A message has at most ${attachments} attachments.`)
  return given.map(({ name, url, type, size }) => {
    if (name === '' || name.length > bounds.nameLength || !isPlain(name)) {
      throw invalid(`The name of an attachment has 1 to ${bounds.nameLength} characters, and no control characters.`)
    }
    if (!isReference(url)) {
      throw invalid('The url of an attachment is https, http or a path such as /files/1, without a name or password.')
    }
    if (!mediaType.test(type)) throw invalid('The type of an attachment is a media type, such as image/png.')
    if (!Number.isSafeInteger(size) || size < 0) throw invalid('The size of an attachment is in bytes, from 0.')
    return { name, url, type, size }
  })
}

/** Whoever shows it may follow it: nothing that runs, nothing that a browser reads as another address than we do. */
const isReference = (url: string): boolean => {
  if (url === '' || url.length > bounds.urlLength || /[\s\\]/.test(url) || !isPlain(url)) return false
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return !url.startsWith('//') && !/^[^/?#]*:/.test(url)
  if ((scheme !== 'https' && scheme !== 'http') || !/^https?:\/\//i.test(url)) return false
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed !== undefined && parsed.username === '' && parsed.password === ''
}

const unsafeNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** An emoji or a short word. @throws FanfareError `invalid_payload` */
export const checkReaction = (reaction: string): string => {
  const { reactionLength } = bounds
  if (reaction !== '' && reaction.length <= reactionLength && isPlain(reaction) && !unsafeNames.has(reaction)) {
    return reaction
  }
  throw invalid(`A reaction is an emoji or a word of 1 to ${reactionLength} characters.`)
}

/** @throws FanfareError `invalid_payload` */
export const checkKey = (key: string | undefined): string | undefined => {
  if (key === undefined || (key !== '' && key.length <= bounds.keyLength && isPlain(key))) return key
  throw invalid(`A key has 1 to ${bounds.keyLength} characters, and no control characters.`)
}

/** Here, so that no id that a database cannot take undoes what others send at the same time. @throws FanfareError `invalid_payload` */
export const checkReplyTo = (id: string | undefined): string | undefined => {
  if (id === undefined || (id.length <= bounds.keyLength && isPlain(id))) return id
  throw invalid('replyTo is the id of a message of the same room.')
}

/** A number of a message or an offset of an event: beyond the end is the end. @throws FanfareError `invalid_payload` */
export const checkCount = (value: number, name: string): number => {
  if (typeof value === 'number' && value >= 0 && Number.isInteger(value))
    return Math.min(value, Number.MAX_SAFE_INTEGER)
  throw invalid(`${name} is a whole number from 0.`)
}

/** @throws FanfareError `invalid_payload` */
export const checkLimit = (limit: number | undefined, most: number): number => {
  if (limit === undefined) return Math.min(50, most)
  if (Number.isSafeInteger(limit) && limit >= 1) return Math.min(limit, most)
  throw invalid(`limit is a whole number from 1; at most ${most} come at a time.`)
}
