/** An application that stock Socket.IO clients use under their own names, beside clients of every other kind. */
import { answerWith, command, defineApp, type SocketIoDescription, socketHandler } from '@fanfare/server'
import { z } from 'zod'

const Said = z.object({ text: z.string().max(10_000) })
const Counted = z.object({ n: z.number().int() })

/** What the application was told, in order, for tests in its own process. */
export type Witnessed = {
  readonly what: 'connect' | 'disconnect' | 'expired'
  readonly id: string
  readonly detail: string
}

export type PracticeOptions = {
  /** @default no session comes back */
  readonly recovery?: SocketIoDescription['recovery']
  readonly witness?: (seen: Witnessed) => void
}

export const createPractice = ({ recovery = false, witness = () => {} }: PracticeOptions = {}) =>
  defineApp({
    rooms: {
      'ward:{ward}': {
        events: { 'message.created': Said, counted: Counted },
        log: { keep: 10_000, for: '1h', durable: true },
        access: 'tenant',
        publish: 'tenant',
      },
      /** Gone with the process. */
      'corridor:{id}': {
        events: { counted: Counted },
        log: { keep: 1_000, for: '1h' },
        access: 'tenant',
        publish: 'tenant',
      },
      'patient:{patientId}': {
        events: { 'message.created': Said },
        log: { keep: 1_000, for: '1h', durable: true },
        access: ({ user, params }) => user.may('read', 'patient', params.patientId),
      },
      'user:{userId}': {
        events: { 'message.created': Said },
        log: { keep: 100, for: '1h', durable: true },
        access: ({ user, params }) => user.id === params.userId,
      },
    },
    commands: {
      'message:send': command(z.object({ ward: z.string(), text: z.string() }), async (context, { ward, text }) => {
        const { offset } = await context.publish(`ward:${ward}`, 'message.created', { text })
        return { offset }
      }),
      'message:fail': command(z.object({}), () => {
        throw new Error('a detail that no client may see')
      }),
    },
    socketio: {
      recovery,
      commands: { 'chat message': 'message:send' },
      events: { 'message.created': 'chat message' },
      namespaces: {
        '/': {
          subscribe: ['user:{userId}'],
          connect: (socket) => {
            witness({ what: 'connect', id: socket.id, detail: String(socket.recovered) })
            socket.data.visits = Number(socket.data.visits ?? 0) + 1
          },
          disconnect: (socket, reason) => witness({ what: 'disconnect', id: socket.id, detail: reason }),
          expired: (_, session) => witness({ what: 'expired', id: session.id, detail: session.userId }),
          on: {
            join: socketHandler(z.tuple([z.string()]), (socket, room) => socket.join(room)),
            leave: socketHandler(z.tuple([z.string()]), (socket, room) => socket.leave(room)),
            whoami: (socket) => ({ user: socket.user.id, visits: socket.data.visits ?? 0, rooms: [...socket.rooms] }),
            echo: (socket, ...args) => socket.emit('echo', ...args),
            ask: (_, ...args) => answerWith(...args),
            'say to room': socketHandler(z.tuple([z.string(), z.string()]), (socket, room, text) =>
              socket.to({ room, except: socket.id }).emit('said', text),
            ),
            'say to user': socketHandler(z.tuple([z.string(), z.string()]), (socket, userId, text) =>
              socket.to({ userId }).emit('said', text),
            ),
            'say to all': socketHandler(z.tuple([z.string()]), (socket, text) =>
              socket.to({ everyone: true, except: socket.id }).emit('said', text),
            ),
            'say to me': (socket, ...args) => socket.emit('said', ...args),
            count: socketHandler(z.tuple([z.string(), z.number()]), async (socket, room, n) => {
              await socket.publish(room, 'counted', { n })
            }),
            'ask me': async (socket, question) => socket.timeout(2_000).emitWithAck('question', question),
            'never answered': () => new Promise(() => {}),
            'throw me out': (socket) => socket.disconnect(),
          },
        },
        /** Nobody is put into a room, whose rule would refuse a stranger anyway. */
        '/quiet': {},
        '/visitors': {
          authenticate: ({ auth }) => {
            if (auth.badge !== 'blue') throw new Error('a detail that no client may see')
            return { tenantId: 'acme', userId: 'visitor' }
          },
          on: { ask: (_, ...args) => answerWith(...args) },
        },
      },
    },
  })

/** For servers in a process of their own. */
export default createPractice({ recovery: { for: '1m' } })
