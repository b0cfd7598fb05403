/** A clinic whose clients speak Socket.IO, with names of their own. For tests only. */
import { FanfareError } from '@fanfare/protocol'
import { z } from 'zod'
import { command, defineApp } from '../../app/define-app.ts'
import type { DisconnectReason, ExpiredSession, SocketContext } from '../../app/socketio.ts'
import { answerWith, type SocketIoDescription, socketHandler } from '../../app/socketio-description.ts'

/** What the application was told. */
export type ClinicDiary = {
  readonly sockets: SocketContext[]
  readonly left: DisconnectReason[]
  readonly expired: ExpiredSession[]
}

export const clinicWith = (options: Pick<SocketIoDescription, 'recovery' | 'connectTimeout'> = {}) => {
  const diary: ClinicDiary = { sockets: [], left: [], expired: [] }
  const app = defineApp({
    rooms: {
      'ward:{ward}': {
        events: { 'note.added': z.object({ text: z.string() }) },
        log: { keep: 1_000, for: '1h', durable: true },
        access: ({ user, params }) => params.ward !== 'closed' || user.may('read', 'ward', params.ward),
        publish: 'tenant',
        presence: true,
      },
      'memory:{name}': { events: { said: z.string() }, log: { keep: 100, for: '1h' }, access: 'tenant' },
      live: { events: { beat: z.number() }, access: 'tenant', log: 'none' },
      'user:{userId}': { events: { mail: z.string() }, access: 'tenant', log: { durable: true } },
    },
    commands: {
      'note:add': command(z.object({ text: z.string() }), async (context, { text }) => {
        const { offset } = await context.publish('ward:1', 'note.added', { text })
        return { offset, by: context.user.id }
      }),
      'bytes:count': command(
        z.tuple([z.instanceof(Uint8Array), z.number()]),
        (_, [bytes, times]) => bytes.length * times,
      ),
      'tell:me': command(z.null(), (context) => {
        context.to({ session: context.session ?? '' }).emit('told', context.user.id)
      }),
    },
    socketio: {
      ...options,
      commands: { addNote: 'note:add', countBytes: 'bytes:count', tellMe: 'tell:me' },
      events: { 'note.added': 'new note' },
      namespaces: {
        '/': {
          subscribe: ['user:{userId}'],
          refresh: 'auth',
          connect: (socket) => void diary.sockets.push(socket),
          disconnect: (_, reason) => void diary.left.push(reason),
          expired: (_, session) => void diary.expired.push(session),
          on: {
            echo: (socket, ...args) => socket.emit('echoed', ...args),
            several: (_, ...args) => answerWith(...args),
            one: (_, value) => value,
            nothing: () => {},
            7: (socket) => socket.emit(8, 'eight'),
            join: (socket, room: string) => socket.join(room),
            leave: (socket, room: string) => socket.leave(room),
            remember: (socket, value: string) => {
              socket.data.value = value
            },
            recall: (socket) => socket.data,
            greet: (socket, room: string) => socket.to({ room, except: socket.id }).emit('hello', socket.user.id),
            fail: () => {
              throw new FanfareError('rate_limited', 'Not so fast.', { retryAfterMs: 20 })
            },
            break: () => {
              throw new Error('a secret detail')
            },
            checked: socketHandler(z.tuple([z.string(), z.number()]), (_, text, times) => text.repeat(times)),
          },
        },
        '/open': {
          authenticate: ({ auth }) => {
            if (auth.name === 'mallory') throw new FanfareError('forbidden', 'Not you.')
            return { tenantId: 'acme', userId: String(auth.name ?? 'guest') }
          },
          connect: (socket) => socket.emit('auth', socket.handshake.auth),
        },
      },
    },
  })
  return { app, diary }
}
