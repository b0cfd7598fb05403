/**
 * Centrifugo's JSON protocol, as its documentation has it: https://centrifugal.dev/docs/transports/client_protocol.
 * Commands carry an id, answers carry it back, and one frame may hold several lines. A ping is an empty object, and so is its answer.
 */
import { payloadOf } from '../../lib/payload.ts'
import { tokenFor } from '../../lib/token.ts'
import { type Dialect, nothingAside, unexpected } from '../dialect.ts'
import { upgrade } from '../requests.ts'

export const centrifugo: Dialect = {
  link: 'lines',
  upgrade: ({ port }) => upgrade('/connection/websocket', port),
  opened: ({ tenantId, userId }) => ({
    say: JSON.stringify({ id: 1, connect: { token: tokenFor(tenantId, userId) } }),
  }),
  greeted(text, { rooms }) {
    if (text === '{}') return { say: '{}' }
    const { id, error } = JSON.parse(text) as { readonly id?: number; readonly error?: unknown }
    if (error !== undefined || id === undefined) throw unexpected(text)
    const room = rooms[id - 1]
    if (room === undefined) return { ready: true }
    return { say: JSON.stringify({ id: id + 1, subscribe: { channel: room } }) }
  },
  publish: (room, id = 1, bytes) => `{"id":${id},"publish":{"channel":"${room}","data":${payloadOf(0, bytes)}}}`,
  aside(text) {
    if (text === '{}') return '{}'
    if (text.startsWith('{"id":') && !text.includes('"error"')) return undefined
    return nothingAside(text)
  },
}
