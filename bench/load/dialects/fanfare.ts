/** Fanfare's native words over a WebSocket, and its event streams, whose events a native client publishes. */
import { payloadOf } from '../../lib/payload.ts'
import { tokenFor } from '../../lib/token.ts'
import { type Dialect, nothingAside, unexpected } from '../dialect.ts'
import { addressOf, get, upgrade } from '../requests.ts'

const upgradeTo =
  (subprotocol: string): Dialect['upgrade'] =>
  ({ index, port, tenantId, userId }) =>
    upgrade('/v1/websocket', port, [
      `Sec-WebSocket-Protocol: ${subprotocol}`,
      `Authorization: Bearer ${tokenFor(tenantId, userId)}`,
      `X-Forwarded-For: ${addressOf(index)}`,
    ])

export const fanfare: Dialect = {
  upgrade: upgradeTo('fanfare.v1'),
  greeted(text, { rooms, since }) {
    if (text.startsWith('{"type":"reply"')) return { ready: true }
    if (text.startsWith('{"type":"subscription"') || text.startsWith('{"type":"event"')) return {}
    if (!text.startsWith('{"type":"connected"')) throw unexpected(text)
    if (rooms.length === 0) return { ready: true }
    return {
      say: JSON.stringify({ type: 'subscribe', id: 1, rooms: rooms.map((room) => ({ room, since: since?.(room) })) }),
    }
  },
  publish: (room, id, bytes) =>
    `{"type":"publish",${id === undefined ? '' : `"id":${id},`}"room":"${room}","event":"tick","data":${payloadOf(0, bytes)}}`,
  aside: nothingAside,
}

/** The same words, of which the server may put several into one message. */
export const fanfareLines: Dialect = { ...fanfare, link: 'lines', upgrade: upgradeTo('fanfare.v1.lines') }

export const fanfareEventStream: Dialect = {
  link: 'event-stream',
  upgrade: ({ index, port, tenantId, userId, rooms }) =>
    get(`/v1/stream?${rooms.map((room) => `room=${encodeURIComponent(room)}`).join('&')}`, port, [
      'Accept: text/event-stream',
      `Authorization: Bearer ${tokenFor(tenantId, userId)}`,
      `X-Forwarded-For: ${addressOf(index)}`,
    ]),
  // The stream begins with the session, goes on with its subscriptions, and is live after the last of them.
  greeted(text, { rooms }) {
    if (text.startsWith('event: connected') || isComment(text)) return {}
    if (!text.startsWith('event: subscription')) throw unexpected(text)
    return text.includes(JSON.stringify(rooms.at(-1))) ? { ready: true } : {}
  },
  publish: nothingAside,
  aside: (text) => (isComment(text) ? undefined : nothingAside(text)),
  publisher: fanfare,
}

const isComment = (text: string): boolean => text.startsWith(':') || text.startsWith('id: ')
