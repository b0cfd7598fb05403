/** How each contender is spoken to: opened, greeted, subscribed, published to. Owns no socket. */
import { randomBytes } from 'node:crypto'
import { payloadOf } from '../lib/payload.ts'
import { tokenFor } from '../lib/token.ts'

export type Contender = 'fanfare' | 'fanfare-socketio' | 'socketio' | 'bun-publish'

export type Guest = {
  readonly index: number
  readonly port: number
  readonly tenantId: string
  readonly userId: string
  readonly rooms: readonly string[]
  /** Where it resumes, room by room. */
  readonly since?: ((room: string) => { readonly epoch: string; readonly offset: number }) | undefined
}

/** What follows a text frame of the server while a connection opens: something to say, or that it is ready. */
export type Step = { readonly say?: string; readonly ready?: boolean }

export type Dialect = {
  /** The HTTP request that opens the link. */
  upgrade(guest: Guest): string
  greeted(text: string, guest: Guest): Step
  publish(room: string, id?: number): string
  /** What to answer to a text frame that is not what the load waits for; throws where it is a failure. */
  aside(text: string): string | undefined
}

const request = (path: string, port: number, headers: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...headers,
    '\r\n',
  ].join('\r\n')

const unexpected = (text: string): Error => new Error(`the server said: ${text.slice(0, 300)}`)

/** One of 16 million, so that each connection stands for a machine of its own. */
const addressOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`

const fanfare: Dialect = {
  upgrade: ({ index, port, tenantId, userId }) =>
    request('/v1/websocket', port, [
      'Sec-WebSocket-Protocol: fanfare.v1',
      `Authorization: Bearer ${tokenFor(tenantId, userId)}`,
      `X-Forwarded-For: ${addressOf(index)}`,
    ]),
  greeted(text, { rooms, since }) {
    if (text.startsWith('{"type":"reply"')) return { ready: true }
    if (text.startsWith('{"type":"subscription"') || text.startsWith('{"type":"event"')) return {}
    if (!text.startsWith('{"type":"connected"')) throw unexpected(text)
    if (rooms.length === 0) return { ready: true }
    return {
      say: JSON.stringify({ type: 'subscribe', id: 1, rooms: rooms.map((room) => ({ room, since: since?.(room) })) }),
    }
  },
  publish: (room, id) =>
    `{"type":"publish",${id === undefined ? '' : `"id":${id},`}"room":"${room}","event":"tick","data":${payloadOf(0)}}`,
  aside: (text) => {
    throw unexpected(text)
  },
}

const socketio: Dialect = {
  upgrade: ({ port }) => request('/socket.io/?EIO=4&transport=websocket', port),
  greeted(text, { rooms, tenantId, userId }) {
    if (text.startsWith('0')) return { say: `40${JSON.stringify({ token: tokenFor(tenantId, userId) })}` }
    if (text.startsWith('430')) return { ready: true }
    if (text === '2') return { say: '3' }
    if (!text.startsWith('40')) throw unexpected(text)
    return rooms.length === 0 ? { ready: true } : { say: `420${JSON.stringify(['join', rooms])}` }
  },
  publish: (room) => `42["publish","${room}",${payloadOf(0)}]`,
  aside(text) {
    if (text === '2') return '3'
    throw unexpected(text)
  },
}

/** The same clients as the stock server's. */
const fanfareSocketio: Dialect = {
  ...socketio,
  upgrade: ({ index, port }) =>
    request('/socket.io/?EIO=4&transport=websocket', port, [`X-Forwarded-For: ${addressOf(index)}`]),
}

const bunPublish: Dialect = {
  upgrade: ({ port, rooms }) => request(`/?${rooms.map((room) => `room=${encodeURIComponent(room)}`).join('&')}`, port),
  greeted: () => ({ ready: true }),
  publish: () => payloadOf(0),
  aside: (text) => {
    throw unexpected(text)
  },
}

export const dialects: { readonly [name in Contender]: Dialect } = {
  fanfare,
  'fanfare-socketio': fanfareSocketio,
  socketio,
  'bun-publish': bunPublish,
}
