/**
 * Socket.IO protocol 5, one text message: `<type>[<attachments>-][<namespace>,][<id>][JSON]`, without the type `4` of
 * Engine.IO on the way in and with it on the way out. Where the JSON begins is found before anything is parsed, because
 * what is looked over must be what is parsed. Attachments are put in by `assembly.ts`.
 */
import { FanfareError, type Json, type JsonObject, parseJson, type ScanLimits } from '@fanfare/protocol'
import { detachBinary } from './binary.ts'
import { packFrame } from './frames.ts'

/** The protocol's own bound, of parsers since 4.2.6. */
export const maxAttachments = 10

/** Names that clients and servers give a meaning of their own. */
const reservedNames: ReadonlySet<string> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
])

/** `args` of an event begin with its name. `attachments` are still to come. */
export type Packet =
  | { readonly type: 'connect'; readonly namespace: string; readonly auth: JsonObject }
  | { readonly type: 'disconnect'; readonly namespace: string }
  | (Message & { readonly type: 'event' })
  | (Message & { readonly type: 'ack' })

type Message = {
  readonly namespace: string
  readonly id: number | undefined
  readonly attachments: number
  readonly args: readonly unknown[]
}

const header = /^([0-6])(?:(\d{1,3})-)?(?:(\/[^,]{0,255})(?:,|$))?(\d{0,15})/

/** @throws FanfareError `bad_frame`, `unsafe_json` */
export const decodePacket = (text: string, limits: ScanLimits): Packet => {
  const parts = header.exec(text)
  if (!parts) throw bad('The packet has no known type.')
  const [head, type = '', attached, namespace = '/', digits = ''] = parts
  const binary = type === '5' || type === '6'
  const attachments = attached === undefined ? 0 : Number(attached)
  if (binary ? attachments < 1 || attachments > maxAttachments : attached !== undefined) {
    throw bad(`A binary packet has 1 to ${maxAttachments} attachments, and no other packet has any.`)
  }
  const id = digits === '' ? undefined : Number(digits)
  const rest = text.slice(head.length)
  const json = rest === '' ? undefined : parseJson(rest, limits)
  switch (type) {
    case '0':
      return { type: 'connect', namespace, auth: authOf(json) }
    case '1':
      if (json !== undefined) throw bad('A disconnect has no data.')
      return { type: 'disconnect', namespace }
    case '2':
    case '5':
      return { type: 'event', namespace, id, attachments, args: eventArgs(json) }
    case '3':
    case '6':
      if (!Array.isArray(json)) throw bad('The data of an acknowledgement is an array.')
      return { type: 'ack', namespace, id, attachments, args: json }
    default:
      throw bad('Only a server refuses connections.')
  }
}

const bad = (message: string): FanfareError => new FanfareError('bad_frame', message)

const authOf = (json: Json | undefined): JsonObject => {
  if (json === undefined) return {}
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject
  throw bad('What is shown to connect is an object.')
}

const eventArgs = (json: Json | undefined): readonly unknown[] => {
  const name = Array.isArray(json) ? (json as readonly unknown[])[0] : undefined
  if (typeof name === 'number' || (typeof name === 'string' && !reservedNames.has(name))) return json as readonly Json[]
  throw bad('The data of an event is an array that begins with its name.')
}

/** What stands between the type and the data: nothing for the main namespace. */
const placeOf = (namespace: string): string => (namespace === '/' ? '' : `${namespace},`)

/** The reply to a connect. `pid` only where recovery is on: clients take it as a promise. */
export const encodeConnect = (namespace: string, reply: { readonly sid: string; readonly pid?: string }): string =>
  `40${placeOf(namespace)}${JSON.stringify(reply)}`

export const encodeDisconnect = (namespace: string): string => `41${placeOf(namespace)}`

export const encodeConnectError = (namespace: string, error: { readonly message: string; readonly data?: Json }) =>
  `44${placeOf(namespace)}${JSON.stringify(error)}`

export type Outgoing = { readonly namespace: string; readonly id?: number; readonly args: readonly unknown[] }

/** An event with its name as the first argument; binary anywhere inside goes along as attachments. @throws Error on what cannot be sent */
export const encodeEvent = (outgoing: Outgoing): string => {
  const [name] = outgoing.args
  if (typeof name !== 'number' && (typeof name !== 'string' || reservedNames.has(name))) {
    throw new Error(`${JSON.stringify(name)} cannot be the name of an event.`)
  }
  return encodeMessage({ text: '2', binary: '5' }, outgoing)
}

/** @throws Error on what cannot be sent */
export const encodeAck = (outgoing: Outgoing & { readonly id: number }): string =>
  encodeMessage({ text: '3', binary: '6' }, outgoing)

const encodeMessage = (
  types: { readonly text: string; readonly binary: string },
  { namespace, id, args }: Outgoing,
): string => {
  const { value, attachments } = detachBinary(args)
  if (attachments.length > maxAttachments) throw new Error(`A message has at most ${maxAttachments} binary values.`)
  const type = attachments.length === 0 ? types.text : `${types.binary}${attachments.length}-`
  return packFrame(`4${type}${placeOf(namespace)}${id ?? ''}${JSON.stringify(value)}`, attachments)
}
