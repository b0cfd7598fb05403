/** The options of chat: their defaults, and what may be wrong with them. Fixed bounds that nobody needs to turn are here too. */
import { type Duration, parseDuration } from '../../app/duration.ts'
import type { ChatOptions } from './chat-api.ts'

const defaults = {
  textLength: 8_000,
  members: 1_000,
  mentions: 50,
  attachments: 10,
  editable: '24h',
  receiptsUpTo: 100,
  typing: '5s',
  archive: 'forever',
} as const satisfies ChatOptions

export const bounds = {
  titleLength: 200,
  /** Of `data` of a message or a room, as JSON, in characters. */
  dataLength: 16_000,
  userIdLength: 255,
  keyLength: 128,
  urlLength: 2_048,
  nameLength: 255,
  reactionLength: 32,
  /** Different reactions to one message. */
  reactions: 20,
  /** Who is named of those who reacted alike. */
  reactionUsers: 20,
  messagesPage: 100,
  membersPage: 100,
  roomsPage: 200,
  /** Events of one message: reactions beyond are refused, and edits beyond twice as many. */
  changes: 1_000,
  /** Of one statement; databases take some tens of thousands. */
  values: 10_000,
  /** Members whom a message reaches in `chats:<userId>`. */
  activityMembers: 100,
} as const

/** @property typingMs @property editableMs in ms */
export type ChatLimits = {
  readonly textLength: number
  readonly members: number
  readonly mentions: number
  readonly attachments: number
  readonly receiptsUpTo: number
  readonly editableMs: number
  readonly typingMs: number
  readonly archive: Duration | 'forever'
}

/** @throws AggregateError with an Error for each option that is wrong, whose message begins with the option's name */
export const readOptions = (options: ChatOptions): ChatLimits => {
  const wrong: Error[] = []
  const whole = (
    name: 'textLength' | 'members' | 'mentions' | 'attachments' | 'receiptsUpTo',
    least: number,
  ): number => {
    const value = options[name] ?? defaults[name]
    if (!Number.isSafeInteger(value) || value < least) {
      wrong.push(new Error(`${name} is ${value}; give a whole number from ${least}.`))
    }
    return value
  }
  const duration = (name: 'editable' | 'typing'): number => {
    const text = options[name] ?? defaults[name]
    const ms = parseDuration(text)
    if (ms === undefined) wrong.push(new Error(`${name} is "${text}"; write a number and a unit, such as '24h'.`))
    return ms ?? 0
  }
  const archive = options.archive ?? defaults.archive
  if (archive !== 'forever' && parseDuration(archive) === undefined) {
    wrong.push(new Error(`archive is "${archive}"; write 'forever', or a number and a unit, such as '30d'.`))
  }
  for (const name of ['create', 'may'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      wrong.push(new Error(`${name} is no function; give a rule ({ user, … }) => true or false.`))
    }
  }
  const limits: ChatLimits = {
    textLength: whole('textLength', 1),
    members: whole('members', 1),
    mentions: whole('mentions', 0),
    attachments: whole('attachments', 0),
    receiptsUpTo: whole('receiptsUpTo', 0),
    editableMs: duration('editable'),
    typingMs: duration('typing'),
    archive,
  }
  if (wrong.length > 0) throw new AggregateError(wrong, wrong.map(({ message }) => message).join(' '))
  return Object.freeze(limits)
}
