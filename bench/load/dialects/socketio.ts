/** Socket.IO's packets, word for word the same for the stock server and for ours. */
import { payloadOf } from '../../lib/payload.ts'
import { tokenFor } from '../../lib/token.ts'
import { type Dialect, unexpected } from '../dialect.ts'
import { addressOf, upgrade } from '../requests.ts'

export const socketio: Dialect = {
  upgrade: ({ port }) => upgrade('/socket.io/?EIO=4&transport=websocket', port),
  greeted(text, { rooms, tenantId, userId }) {
    if (text.startsWith('0')) return { say: `40${JSON.stringify({ token: tokenFor(tenantId, userId) })}` }
    if (text.startsWith('430')) return { ready: true }
    if (text === '2') return { say: '3' }
    if (!text.startsWith('40')) throw unexpected(text)
    return rooms.length === 0 ? { ready: true } : { say: `420${JSON.stringify(['join', rooms])}` }
  },
  publish: (room, _, bytes) => `42["publish","${room}",${payloadOf(0, bytes)}]`,
  aside(text) {
    if (text === '2') return '3'
    throw unexpected(text)
  },
}

export const fanfareSocketio: Dialect = {
  ...socketio,
  upgrade: ({ index, port }) =>
    upgrade('/socket.io/?EIO=4&transport=websocket', port, [`X-Forwarded-For: ${addressOf(index)}`]),
}
