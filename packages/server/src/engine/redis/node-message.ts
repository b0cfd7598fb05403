/**
 * What nodes say to each other, as text. Whoever can write to Redis can say anything, so nothing is taken that is not
 * exactly what a node of this version says.
 */
import type { Json } from '@fanfare/protocol'
import { checkTenant } from '../../model/room-key.ts'
import type { NodeRequest } from '../node-bus.ts'

type EmitRequest = NodeRequest & { readonly type: 'emit' }
type Members = { readonly [name: string]: unknown }

/** Of the text of a message. Another version's messages are not understood, and not misunderstood. */
const version = 1
const idCharacters = 256
const exceptedSessions = 10_000

export const writeNodeMessage = (message: NodeRequest): string => JSON.stringify({ v: version, message })

/** As the data of an event. */
export const nodeMessageData = (message: NodeRequest): Json => ({ v: version, message: message as unknown as Json })

/** Undefined when it is not a message. */
export const parseNodeMessage = (text: string): NodeRequest | undefined => {
  try {
    return readNodeMessage(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Undefined when it is not a message. */
export const readNodeMessage = (data: unknown): NodeRequest | undefined => {
  if (!isMembers(data) || data.v !== version || !isMembers(data.message)) return undefined
  const { message } = data
  const { type, tenantId, userId, session } = message
  if (!isTenant(tenantId)) return undefined
  switch (type) {
    case 'grants.changed':
      return isId(userId) ? { type, tenantId, userId } : undefined
    case 'disconnect':
      if (!isId(userId)) return undefined
      if (session === undefined) return { type, tenantId, userId }
      return isId(session) ? { type, tenantId, userId, session } : undefined
    case 'emit':
      return readEmit(message, tenantId)
    default:
      return undefined
  }
}

const readEmit = (message: Members, tenantId: string): EmitRequest | undefined => {
  const { namespace, except, frame } = message
  const to = isMembers(message.to) ? readTarget(message.to) : undefined
  if (!to || !isId(namespace) || typeof frame !== 'string') return undefined
  if (!Array.isArray(except) || except.length > exceptedSessions || !except.every(isId)) return undefined
  return { type: 'emit', tenantId, namespace, to, except, frame }
}

const readTarget = ({ room, userId, session, everyone }: Members): EmitRequest['to'] | undefined => {
  if (isId(room)) return { room }
  if (isId(userId)) return { userId }
  if (isId(session)) return { session }
  return everyone === true ? { everyone } : undefined
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= idCharacters

const isTenant = (value: unknown): value is string => {
  if (typeof value !== 'string') return false
  try {
    checkTenant(value)
    return true
  } catch {
    return false
  }
}
