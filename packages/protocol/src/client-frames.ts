/**
 * Client frames as text. `decodeClientFrame` is the server's strict reader: what it returns has exactly the members that
 * `frames.ts` names. It judges shapes only, never whether a room, token or right exists.
 */
import { FanfareError } from './error.ts'
import type { Position } from './event.ts'
import type { ClientFrame, FrameId, PublishFrame, RoomRequest, Since } from './frames.ts'
import type { Json, JsonObject } from './json.ts'
import { defaultLimits } from './limits.ts'
import { parseJson, type ScanLimits } from './scan.ts'

export type DecodeLimits = ScanLimits & {
  /** Rooms in one `subscribe`. @default 128 */
  readonly rooms: number
  /** UTF-8 bytes of an idempotency key. @default 128 */
  readonly keyBytes: number
}

const defaults: DecodeLimits = {
  depth: defaultLimits.jsonDepth,
  keys: defaultLimits.jsonKeys,
  rooms: defaultLimits.roomsPerSession,
  keyBytes: defaultLimits.idempotencyKeyBytes,
}

const maxIdLength = 128
const maxEpochLength = 64

/** Frames of ours, or of a caller that TypeScript has checked, need no check on the way out. */
export const encodeClientFrame = (frame: ClientFrame): string => JSON.stringify(frame)

/**
 * Members that the type does not name are left out; a member that is `null` is not the same as one that is absent.
 *
 * @throws FanfareError `bad_frame`, `unknown_type` or `unsafe_json`, naming the member and what was expected
 */
export const decodeClientFrame = (text: string, limits: DecodeLimits = defaults): ClientFrame => {
  const source = parseJson(text, limits)
  if (!isObject(source)) throw new FanfareError('bad_frame', 'A frame is a JSON object with a `type`.')
  const type = source.type
  if (typeof type !== 'string') throw wrong('type', 'a string')
  const read = Object.hasOwn(readers, type) ? readers[type as ClientFrame['type']] : undefined
  if (read) return read(source, limits)
  const known = Object.keys(readers).join(', ')
  throw new FanfareError('unknown_type', `No frame has the type ${quoted(type)}. Known types: ${known}.`)
}

/** The `id` of a frame that was refused, so that the refusal can name it; undefined where there is none to trust. */
export const frameIdOf = (text: string): FrameId | undefined => {
  try {
    const source = parseJson(text)
    return isObject(source) ? id(source).id : undefined
  } catch (error) {
    if (error instanceof FanfareError) return undefined
    throw error
  }
}

type Reader<Type extends ClientFrame['type']> = (
  source: JsonObject,
  limits: DecodeLimits,
) => Extract<ClientFrame, { type: Type }>

const readers: { readonly [Type in ClientFrame['type']]: Reader<Type> } = {
  auth: (source) => ({ type: 'auth', ...id(source), token: name(source, 'token') }),
  subscribe(source, limits) {
    if (source.rooms === undefined) return { type: 'subscribe', ...id(source), ...roomRequest(source, '') }
    if (source.room !== undefined) throw new FanfareError('bad_frame', 'Give `room` or `rooms`, not both.')
    return { type: 'subscribe', ...id(source), rooms: roomRequests(source.rooms, limits) }
  },
  unsubscribe: (source) => ({ type: 'unsubscribe', ...id(source), room: name(source, 'room') }),
  publish(source, limits) {
    // By far the most frames, so nothing is made and copied on the way.
    const frameId = idIn(source)
    const room = name(source, 'room')
    const event = name(source, 'event')
    const data = required(source, 'data')
    const key = keyIn(source, limits)
    const frame: { -readonly [Member in keyof PublishFrame]: PublishFrame[Member] } = {
      type: 'publish',
      room,
      event,
      data,
    }
    if (frameId !== undefined) frame.id = frameId
    if (key !== undefined) frame.key = key
    return frame
  },
  command: (source, limits) => ({
    type: 'command',
    ...id(source),
    name: name(source, 'name'),
    input: required(source, 'input'),
    ...idempotencyKey(source, limits),
  }),
  history(source) {
    const { after, before, limit } = source
    if (after !== undefined && before !== undefined) {
      throw new FanfareError('bad_frame', 'Give `after` or `before`, not both.')
    }
    if (limit !== undefined && (!isOffset(limit) || limit === 0)) throw wrong('limit', 'a whole number from 1')
    return {
      type: 'history',
      ...id(source),
      room: name(source, 'room'),
      ...(after === undefined ? {} : { after: since(after, 'after') }),
      ...(before === undefined ? {} : { before: position(before, 'before', 'a position {epoch, offset}') }),
      ...(limit === undefined ? {} : { limit }),
    }
  },
  presence(source) {
    const { state, leave } = source
    if (leave !== undefined && leave !== true) throw wrong('leave', 'true, or absent')
    if (leave && state !== undefined) throw new FanfareError('bad_frame', 'Give `state` or `leave`, not both.')
    return {
      type: 'presence',
      ...id(source),
      room: name(source, 'room'),
      ...(state === undefined ? {} : { state }),
      ...(leave ? { leave } : {}),
    }
  },
  ping: (source) => ({ type: 'ping', ...id(source) }),
  pong: (source) => ({ type: 'pong', ...id(source) }),
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isOffset = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const wrong = (member: string, expected: string): FanfareError =>
  new FanfareError('bad_frame', `\`${member}\` must be ${expected}.`)

/** Foreign text inside a message: short, and with nothing that a terminal or log line would act on. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, 40))

const id = (source: JsonObject): { readonly id?: FrameId } => {
  const value = idIn(source)
  return value === undefined ? {} : { id: value }
}

const idIn = ({ id: value }: JsonObject): FrameId | undefined => {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.length <= maxIdLength) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw wrong('id', `a string of at most ${maxIdLength} characters or a safe integer`)
}

const name = (source: JsonObject, member: string, path = member): string => {
  const value = source[member]
  if (typeof value === 'string' && value !== '') return value
  throw wrong(path, 'a string that is not empty')
}

const required = (source: JsonObject, member: string): Json => {
  const value = source[member]
  if (value !== undefined) return value
  throw wrong(member, 'there (null is a value too)')
}

const idempotencyKey = (source: JsonObject, limits: DecodeLimits): { readonly key?: string } => {
  const key = keyIn(source, limits)
  return key === undefined ? {} : { key }
}

const keyIn = ({ key }: JsonObject, limits: DecodeLimits): string | undefined => {
  if (key === undefined) return undefined
  if (typeof key === 'string' && isKey(key) && utf8Length(key) <= limits.keyBytes) return key
  throw wrong('key', `a string of 1 to ${limits.keyBytes} bytes, without U+0000`)
}

/** An ill-formed key would become another key on its way through UTF-8, and not every database keeps U+0000. */
const isKey = (key: string): boolean => key !== '' && key.isWellFormed() && !key.includes('\0')

const utf8 = new TextEncoder()
const utf8Length = (text: string): number => utf8.encode(text).length

const position = (value: Json, path: string, expected: string): Position => {
  if (!isObject(value)) throw wrong(path, expected)
  const { epoch, offset } = value
  if (typeof epoch !== 'string' || epoch === '' || epoch.length > maxEpochLength) {
    throw wrong(`${path}.epoch`, `a string of 1 to ${maxEpochLength} characters`)
  }
  if (!isOffset(offset)) throw wrong(`${path}.offset`, 'a whole number from 0')
  return { epoch, offset }
}

const since = (value: Json, path: string): Since =>
  value === 'earliest' ? value : position(value, path, 'a position {epoch, offset} or "earliest"')

const roomRequest = (source: JsonObject, path: string): RoomRequest => ({
  room: name(source, 'room', `${path}room`),
  ...(source.since === undefined ? {} : { since: since(source.since, `${path}since`) }),
})

const roomRequests = (value: Json, limits: DecodeLimits): readonly RoomRequest[] => {
  if (!Array.isArray(value) || value.length === 0 || value.length > limits.rooms) {
    throw wrong('rooms', `an array of 1 to ${limits.rooms} objects {room, since?}`)
  }
  return value.map((entry: Json, index) => {
    if (!isObject(entry)) throw wrong(`rooms[${index}]`, 'an object {room, since?}')
    return roomRequest(entry, `rooms[${index}].`)
  })
}
