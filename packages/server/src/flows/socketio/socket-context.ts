/** What the application's functions are given of a client: the verbs of its tenant, and those of its own connection. */
import type { AppContext } from '../../app/context.ts'
import type { SocketContext } from '../../app/socketio.ts'
import { contextOf } from '../context.ts'
import { enterPresence, leavePresence } from '../presence.ts'
import { join, leaveRoom } from './rooms.ts'
import type { Socket } from './socket.ts'

/** Unless the application says how long. */
const answerMs = 10_000

export const socketContext = (socket: Socket): SocketContext => {
  const { services } = socket.options.node
  const { session, namespace } = socket
  const asker = (ms: number): Pick<SocketContext, 'emitWithAck'> => ({
    emitWithAck: (name, ...args) => socket.ask({ name, args }, ms),
  })
  const options = { tenantId: session.tenantId, userId: session.userId, namespace }
  return contextOf(services, options, {
    id: socket.id,
    namespace,
    handshake: socket.options.handshake,
    recovered: socket.options.recovered,
    data: socket.data,
    get user() {
      return session.user
    },
    get rooms() {
      return session.roomNames()
    },
    emit: (name, ...args) => socket.emit({ name, args }),
    volatile: { emit: (name, ...args) => socket.emitVolatile({ name, args }) },
    ...asker(answerMs),
    timeout: asker,
    join: (room) => join(socket, room),
    leave: (room) => leaveRoom(socket, room),
    appear: (room, state = null) => enterPresence(services, session, { room, state }),
    disappear: (room) =>
      leavePresence(services, session, { room: services.app.room(session.tenantId, room).key, graceMs: 0 }),
    disconnect: () => session.end('normal', 'the application ended the session'),
  } satisfies Omit<SocketContext, keyof AppContext>)
}
