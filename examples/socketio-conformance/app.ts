/**
 * What the official Engine.IO and Socket.IO protocol suites expect of a server: it greets with what a client showed,
 * sends messages back and acknowledges them, in two namespaces, for anybody; at /engine.io it sends back all it gets.
 */
import { randomUUID } from 'node:crypto'
import { answerWith, defineApp, type NamespaceDescription } from '@fanfare/server'

const echo: NamespaceDescription = {
  // Nobody is asked who they are: each connection is a user of its own.
  authenticate: () => ({ tenantId: 'conformance', userId: randomUUID() }),
  connect: (socket) => socket.emit('auth', socket.handshake.auth),
  on: {
    message: (socket, ...args) => socket.emit('message-back', ...args),
    'message-with-ack': (_, ...args) => answerWith(...args),
  },
}

export default defineApp({
  rooms: {},
  socketio: {
    pingInterval: '300ms',
    pingTimeout: '200ms',
    connectTimeout: '1s',
    maxPayload: 1_000_000,
    namespaces: { '/': echo, '/custom': echo },
    plain: { path: '/engine.io', message: (socket, data) => socket.send(data) },
  },
})
