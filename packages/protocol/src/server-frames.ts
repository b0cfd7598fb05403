/**
 * Server frames as text. `decodeServerFrame` is the client's lenient reader: a newer server may say more than this
 * package knows, and that must never break a client. It carries no rule that only a server needs.
 */
import { codes } from './codes.ts'
import { FanfareError } from './error.ts'
import type { ServerFrame } from './frames.ts'

/** Frames are ours, so they need no check on the way out. */
export const encodeServerFrame = (frame: ServerFrame): string => JSON.stringify(frame)

/** What a client cannot do without, by frame type: members and their JavaScript types. */
const needed: {
  readonly [Type in ServerFrame['type']]: { readonly [member: string]: 'string' | 'number' | 'object' }
} = {
  connected: { session: 'string', tenantId: 'string', userId: 'string' },
  subscription: { room: 'string', status: 'string' },
  event: { event: 'object' },
  gap: { room: 'string', from: 'object', to: 'object' },
  presence: { room: 'string', change: 'string', member: 'object' },
  pong: {},
  reply: {},
  error: { code: 'string', message: 'string' },
  reconnect: { afterMs: 'number' },
}

/**
 * Undefined for a type that this version does not know: ignore it. An error code that it does not know becomes
 * `internal`, with the server's message and `retry` kept.
 *
 * @throws FanfareError `bad_frame` when the text is no frame at all, or lacks what its type must have
 */
export const decodeServerFrame = (text: string): ServerFrame | undefined => {
  const source = parse(text)
  if (!isRecord(source) || typeof source.type !== 'string') throw broken('is not an object with a `type`')
  if (!Object.hasOwn(needed, source.type)) return undefined
  const type = source.type as ServerFrame['type']
  for (const [member, kind] of Object.entries(needed[type])) {
    if (typeof source[member] !== kind || source[member] === null) {
      throw broken(`of type ${type} lacks \`${member}\` (${kind})`)
    }
  }
  if (type === 'error' && !Object.hasOwn(codes, source.code as string)) source.code = 'internal'
  if (type === 'event') checkEvent(source.event as Source)
  return source as ServerFrame
}

type Source = { [member: string]: unknown }

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FanfareError('bad_frame', 'The server sent text that is not JSON.', { cause })
  }
}

const checkEvent = (event: Source): void => {
  if (typeof event.room !== 'string' || typeof event.type !== 'string' || !Number.isSafeInteger(event.offset)) {
    throw broken('of type event lacks the `room`, `type` or `offset` of its event')
  }
}

const isRecord = (value: unknown): value is Source => typeof value === 'object' && value !== null

const broken = (what: string): FanfareError => new FanfareError('bad_frame', `The server sent a frame that ${what}.`)
